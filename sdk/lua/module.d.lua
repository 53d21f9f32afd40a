---@meta
-- What Lua modules bring and are told, for editors with LuaLS. `module.lua` returns one table whose
-- functions are those of the module's world in sdk/wit/module.wit, `_` for `-`. What has no
-- value is nil; times are milliseconds, as in the WIT. Host functions are in cordboard.d.lua;
-- a router, service or reporter has only `log`, `json`, `config`, `file` and `require`.

---The module's settings in the dialplan, checked and complete; read-only. A secret is a text that
---the switch fills in when it stands in a header.
---@type table<string, any>
config = {}

---The tenant that the module serves.
---@type string
tenant = ""

---A file beside the tenant's dialplan that `grant file` names.
---@param name string
---@return string? bytes
function file(name) end

---@class cordboard.Party
---@field number string E.164 or a user's name; empty when withheld
---@field name string?
---@field user string? the user of the tenant who calls
---@field trunk string? the trunk that brought the call

---@class cordboard.Event
---@field seq integer number in the tenant's journal
---@field at_ms integer
---@field topic string
---@field call string?
---@field leg integer? number of the leg in that call, for what happens to one leg: 1 is the first
---@field payload any

---Reasons why the module does not serve: nothing, one, or several.
---@alias cordboard.Reasons nil|string|string[]

-- call-script ------------------------------------------------------------------------------------

---A call script. `call.outcomes` are those that the step's `on` branches name.
---@class cordboard.CallScript
---@field start? fun(): cordboard.Reasons
---@field run fun(step: string, arguments: table<string, any>, call: cordboard.Call): string?, cordboard.Failure?, string?

-- router -----------------------------------------------------------------------------------------

---@class cordboard.RouteRequest
---@field step string
---@field arguments table<string, any>
---@field call string
---@field caller cordboard.Party
---@field dialled string
---@field variables table<string, string>
---@field at_ms integer
---@field seed integer chance, 53 bits

---@class cordboard.Target
---@field trunk? string either a trunk
---@field user? string or a user
---@field number? string the dialled one when left out
---@field caller_id? string
---@field timeout_ms? integer 20000 when left out

---@class cordboard.Reasoned
---@field decision { targets: cordboard.Target[] }|{ outcome: string }
---@field set? table<string, string|number|boolean> variables of the call
---@field reasons? string[] one sentence each, for `explain`

---@class cordboard.Router
---@field start? fun(): cordboard.Reasons
---@field route fun(request: cordboard.RouteRequest): cordboard.Reasoned?, cordboard.Failure?, string?

-- connector --------------------------------------------------------------------------------------

---@class cordboard.Query
---@field step string
---@field arguments table<string, any>
---@field call string
---@field caller cordboard.Party
---@field dialled string

---@class cordboard.Found
---@field outcome string
---@field set? table<string, string|number|boolean> variables of the call

---`on_event` hears what the manifest subscribes to, at least once each; where it raises or returns
---a failure the event comes again later.
---@class cordboard.Connector
---@field start? fun(): cordboard.Reasons
---@field look_up? fun(query: cordboard.Query): cordboard.Found|string|nil, cordboard.Failure?, string?
---@field on_event? fun(event: cordboard.Event): nil, cordboard.Failure?, string?

-- service ----------------------------------------------------------------------------------------

---@class cordboard.StepStarted
---@field input "step-started"
---@field step integer
---@field name string
---@field arguments table<string, any>
---@field call string
---@field caller cordboard.Party
---@field dialled string
---@field variables table<string, string>
---@field answered boolean

---`answer.answer` says which: `done`, `digits` (`outcome`, `digits`), `talk` (`outcome`, `by`,
---`cause`), `text` (`value`), `error` (`kind`, `message`).
---@class cordboard.StepAnswered
---@field input "step-answered"
---@field step integer
---@field action integer
---@field answer table

---@class cordboard.StepGone
---@field input "step-gone"
---@field step integer

---@class cordboard.EventInput: cordboard.Event
---@field input "event"

---@class cordboard.Timer
---@field input "timer"
---@field name string

---@class cordboard.Request
---@field input "request"
---@field request integer
---@field verb string
---@field arguments table<string, any>
---@field by string

---@class cordboard.HttpAnswered
---@field input "http-answered"
---@field action integer
---@field status integer? nothing when there is an error
---@field error { kind: cordboard.Failure, message: string }?
---@field body string

---@class cordboard.Refused
---@field input "refused"
---@field action integer
---@field error { kind: cordboard.Failure, message: string }

---@alias cordboard.Body cordboard.StepStarted|cordboard.StepAnswered|cordboard.StepGone|cordboard.EventInput|cordboard.Timer|cordboard.Request|cordboard.HttpAnswered|cordboard.Refused

---@class cordboard.Input
---@field seq integer counts inputs, without gaps
---@field at_ms integer
---@field seed integer chance, 53 bits
---@field body cordboard.Body

---One operation on a step's call: `"answer"`, or a table with one of these names.
---@class cordboard.Operation
---@field play? { prompts: string|string[], early: boolean?, repeat_ms: integer? }
---@field tone? { name: string, ms: integer }
---@field wait? integer
---@field collect? { prompts: (string|string[])?, min: integer?, max: integer?, timeout_ms: integer?, between_ms: integer?, ends_with: string?, secret: boolean?, tries: integer?, invalid: (string|string[])? }
---@field ring? { users: string|string[], in_turn: boolean?, timeout_ms: integer?, music: string? }
---@field trunk? { trunks: string|string[], number: string?, timeout_ms: integer?, caller_id: string? }
---@field record? boolean
---@field set? { name: string, value: string }
---@field get? string
---@field send_digits? string
---@field hang_up? string

---An action: its `act`, and the act's own fields beside it. `id` may be left out where no
---answer is awaited.
---@class cordboard.Action
---@field id? integer from 1; names the action in answers
---@field act "step"|"end-step"|"publish"|"retain"|"set-timer"|"clear-timer"|"start-call"|"reply"|"http"
---@field step? integer of step and end-step
---@field operation? cordboard.Operation|"answer" of step
---@field outcome? string of end-step
---@field topic? string of publish and retain
---@field key? string of retain and start-call
---@field payload? any of publish and retain; a retained nil is forgotten
---@field name? string of set-timer and clear-timer
---@field at_ms? number of set-timer
---@field request? integer of reply
---@field answer? any of reply
---@field error? string of reply, in place of an answer
---@field user? string of start-call
---@field trunk? string of start-call
---@field number? string of start-call
---@field route? string of start-call
---@field caller_id? string of start-call
---@field variables? table<string, string> of start-call
---@field method? string of http
---@field url? string of http
---@field headers? table<string, string> of http
---@field body? string of http
---@field timeout_ms? integer of start-call and http

---A service: the same inputs give the same state and the same actions. `save` gives a table, kept
---as JSON (names are texts), or a text; `restore` gets it back and returns why it cannot take it.
---@class cordboard.Service
---@field start? fun(): cordboard.Reasons
---@field handle fun(inputs: cordboard.Input[]): cordboard.Action[]?
---@field save fun(): table|string
---@field restore fun(version: integer, state: any): string?

-- reporter ---------------------------------------------------------------------------------------

---@class cordboard.Reporter
---@field start? fun(): cordboard.Reasons
---@field fold fun(events: cordboard.Event[])
---@field render? fun(verb: string, arguments: table<string, any>): { media_type: string?, body: string|table }?, cordboard.Failure?, string?
---@field save fun(): table|string
---@field restore fun(version: integer, state: any): string?
