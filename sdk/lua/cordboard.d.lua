---@meta cordboard

-- What a call script finds in its globals, for the Lua language server (LuaLS): point
-- `workspace.library` at this folder and editors complete names and check arguments. It is never
-- run. Scripts are Luau, which is Lua 5.1 with `continue`, `+=` and `` `text {value}` ``.
--
-- A host function waits until it is done. Functions of `call` raise an error at the script's line
-- when they cannot be done, and when the caller is gone; functions of `http` and `store` return
-- `nil`, the kind of failure and a sentence. What a script returns is its outcome in the dialplan.

---Arguments that the dialplan gave, and the defaults of the manifest. All are texts.
---@type { [string]: string }
args = {}

---Why something failed.
---@alias cordboard.Failure
---| "gone" # the caller hung up; the script has five seconds to finish
---| "timeout" # it took too long
---| "denied" # it is not permitted
---| "not-found" # there is no such thing
---| "busy" # a limit of the tenant is met
---| "unavailable" # what was needed is down

---Q.850 cause by word.
---@alias cordboard.Cause
---| "normal"
---| "busy"
---| "no-answer"
---| "rejected"
---| "congestion"
---| "unallocated"
---| "no-route"
---| "absent"
---| "moved"
---| "out-of-order"
---| "invalid-number"
---| "barred"
---| "temporary-failure"

---The call that runs this script.
---@class cordboard.Call
---@field id string 26 characters, unique
---@field tenant string
---@field direction "inbound"|"outbound" who began the first leg
---@field caller string number or user name; empty is anonymous
---@field caller_name string? display name
---@field dialled string what was dialled
---@field user string? the user who calls, where the caller is one
---@field outcomes string[] in modules: what the step's `on` branches name, the keys of a menu say
---@field answered boolean true when the call was answered before the script began
call = {}

---Answers the caller. Answering twice does no harm.
---@return true
function call:answer() end

---@class cordboard.PlayOptions
---@field early? boolean before the answer: the caller hears it and does not pay yet
---@field repeat_for? number again and again for so many seconds

---Plays prompts one after another, and answers first unless `early`.
---
---    call:play("welcome", "menu")
---    call:play("hold-music", {repeat_for = 60})
---@param prompt string|string[] name without `.wav`
---@param ... string|cordboard.PlayOptions more prompts, then options
---@return true
function call:play(prompt, ...) end

---@class cordboard.CollectOptions
---@field prompt? string|string[] played first; a key stops it
---@field digits? integer exactly so many (1 to 64)
---@field min? integer fewest digits; 1 when left out
---@field max? integer most digits; reached, the entry is complete; 1 when left out
---@field timeout? number seconds for the first digit, from the prompt's end; 5 when left out
---@field between? number seconds between digits; 3 when left out
---@field ends_with? string|false key that ends the entry; "#" when left out; false is none
---@field secret? boolean the digits go to no event, log, trace or recording
---@field tries? integer tries in all (1 to 10); 1 when left out
---@field invalid? string|string[] played before another try

---Asks for digits.
---
---    local digits, reason = call:collect{prompt = "menu", digits = 1, timeout = 5, tries = 3}
---@param options cordboard.CollectOptions|string options, or just the prompt
---@return string? digits nothing when there are none
---@return "digits"|"timeout"|"invalid" reason
function call:collect(options) end

---@class cordboard.RingOptions
---@field order? "at-once"|"in-turn" all at once when left out
---@field timeout? number seconds for each turn; 20 when left out
---@field music? string prompt that an answered caller hears meanwhile; ringback when left out

---Rings users and lets them talk; returns when the talk is over or nobody took the call.
---
---    if call:ring({"alice", "bob"}, {order = "in-turn"}) == "answered" then ... end
---@param users string|string[]
---@param options? cordboard.RingOptions
---@return "answered"|"busy"|"no-answer"|"absent"|"failed" outcome
---@return string? by who answered
---@return cordboard.Cause? cause
function call:ring(users, options) end

---@class cordboard.TrunkOptions
---@field number? string the number to call; the dialled one when left out
---@field timeout? number seconds for each trunk; 60 when left out
---@field caller_id? string number shown

---Calls out through trunks, in order of preference.
---@param trunks string|string[]
---@param options? cordboard.TrunkOptions
---@return "answered"|"busy"|"no-answer"|"absent"|"failed" outcome
---@return string? by the trunk that answered
---@return cordboard.Cause? cause
function call:trunk(trunks, options) end

---Records from now on, or stops recording.
---@param on? boolean true when left out
---@return true
function call:record(on) end

---Sets a variable of the call: `{var.name}` in the dialplan.
---@param name string 1 to 64 of `a-z A-Z 0-9 _ . -`
---@param value string|number|boolean at most 4,096 bytes
---@return true
function call:set(name, value) end

---Reads a variable of the call.
---@param name string
---@return string? value
function call:get(name) end

---Waits.
---@param seconds number
---@return true
function call:wait(seconds) end

---Plays a tone of the tenant's country.
---@param name "ringback"|"busy"|"congestion"
---@param seconds number
---@return true
function call:tone(name, seconds) end

---Sends digits to the caller.
---@param digits string 1 to 64 of `0-9 * # A-D`
---@return true
function call:send_digits(digits) end

---Ends the call. The script has five seconds to finish.
---@param cause? cordboard.Cause "normal" when left out
---@return true
function call:hangup(cause) end

---@class cordboard.HttpOptions
---@field headers? { [string]: string }
---@field timeout? number seconds, at most 60; 5 when left out

---@class cordboard.HttpRequest: cordboard.HttpOptions
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"
---@field url string
---@field body? string|table a table is sent as JSON

---@class cordboard.HttpResponse
---@field status integer
---@field ok boolean true when the status is 200 to 299
---@field headers { [string]: string } names in lower case
---@field body string
---@field json any the body, where it is JSON and says so

---Requests to the hosts that the manifest names in `-- http:`, and to no others. Redirects are
---not followed.
http = {}

---@param url string
---@param options? cordboard.HttpOptions
---@return cordboard.HttpResponse? response
---@return cordboard.Failure? kind
---@return string? message
function http.get(url, options) end

---@param url string
---@param body? string|table a table is sent as JSON
---@param options? cordboard.HttpOptions
---@return cordboard.HttpResponse? response
---@return cordboard.Failure? kind
---@return string? message
function http.post(url, body, options) end

---@param url string
---@param body? string|table a table is sent as JSON
---@param options? cordboard.HttpOptions
---@return cordboard.HttpResponse? response
---@return cordboard.Failure? kind
---@return string? message
function http.put(url, body, options) end

---@param url string
---@param options? cordboard.HttpOptions
---@return cordboard.HttpResponse? response
---@return cordboard.Failure? kind
---@return string? message
function http.delete(url, options) end

---@param request cordboard.HttpRequest
---@return cordboard.HttpResponse? response
---@return cordboard.Failure? kind
---@return string? message
function http.request(request) end

---Texts by key, shared by all calls of the tenant; they survive a restart.
store = {}

---@param key string 1 to 256 bytes
---@return string? value
---@return cordboard.Failure? kind
---@return string? message
function store.get(key) end

---@param key string
---@param value string|number|boolean use `json.encode` for a table
---@param options? { lasts: number } forgotten after so many seconds
---@return true? kept
---@return cordboard.Failure? kind
---@return string? message
function store.set(key, value, options) end

---@param key string
---@return true? deleted
---@return cordboard.Failure? kind
---@return string? message
function store.delete(key) end

---Adds to a number, which begins at 0. Two calls that do so at once both count.
---@param key string
---@param by? integer 1 when left out
---@return integer? value the new value
---@return cordboard.Failure? kind
---@return string? message
function store.incr(key, by) end

---Text for people, kept with the call. Fields are added as JSON; 4,096 bytes are kept.
log = {}

---@param message any
---@param fields? table
function log.debug(message, fields) end

---@param message any
---@param fields? table
function log.info(message, fields) end

---@param message any
---@param fields? table
function log.warn(message, fields) end

---@param message any
---@param fields? table
function log.error(message, fields) end

---@class cordboard.Json
---@field null any `null` inside an array; in an object it is an absent name
json = {}

---@param text string at most 1 MiB, at most 64 levels deep
---@return any value nothing when the text is not JSON
---@return string? message
function json.decode(text) end

---Writes a value as JSON, names sorted. An empty table is `{}`.
---@param value any
---@return string text
function json.encode(value) end

---The wall clock.
---@return number seconds since 1970, with milliseconds
---@return string local `2026-12-25T10:00:00+00:00[Europe/London]` in the tenant's zone
function now() end

---Chance: without arguments 0 up to 1, with one a whole number from 1, with two between both.
---@param low? integer
---@param high? integer
---@return number
function random(low, high) end

---Is a calendar of the dialplan open now?
---@param calendar string
---@return boolean
function open(calendar) end

---A retained fact that a module keeps, such as `fact("queue.stats", "sales")`.
---@param topic string
---@param key string
---@return any
function fact(topic, key) end

---Facts of a module: topics of its own, which its manifest names under `publish` and `retain`. A
---topic without a dot gets the module's name in front. Only in modules.
events = {}

---Tells everybody who listens, and the journal.
---@param topic string
---@param payload? any
---@return true? told
---@return cordboard.Failure? kind
---@return string? message
function events.publish(topic, payload) end

---Keeps a value that everybody may read, in place of the last one; nothing forgets it.
---@param topic string
---@param key string
---@param payload? any
---@return true? kept
---@return cordboard.Failure? kind
---@return string? message
function events.retain(topic, key, payload) end

---A retained value of any module of the tenant.
---@param topic string
---@param key string
---@return any
function events.fact(topic, key) end
