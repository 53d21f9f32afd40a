//! What the end of an attempt means, and whom the far end sees calling.

use cordboard_call::action::CallerId;
use cordboard_call::cause::Cause;

use crate::caller::Cx;
use crate::world::Target;

/// How a ring or trunk step ends; later ones win over earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TalkOutcome {
    /// No device is registered, or none can be reached.
    Absent,
    /// It could not be done.
    Failed,
    /// Busy, or declined.
    Busy,
    /// It rang in vain.
    NoAnswer,
    /// Somebody answered; the talk is over.
    Answered,
}

impl TalkOutcome {
    /// The word of dialplans and facts.
    pub fn word(self) -> &'static str {
        match self {
            TalkOutcome::Absent => "absent",
            TalkOutcome::Failed => "failed",
            TalkOutcome::Busy => "busy",
            TalkOutcome::NoAnswer => "no-answer",
            TalkOutcome::Answered => "answered",
        }
    }

    /// What a leg's end before an answer means for the step.
    pub(super) fn of(cause: Cause, user: bool) -> TalkOutcome {
        match cause {
            Cause::BUSY => TalkOutcome::Busy,
            Cause::REJECTED if user => TalkOutcome::Busy,
            Cause::NO_ANSWER | Cause::NO_RESPONSE | Cause::NORMAL => TalkOutcome::NoAnswer,
            Cause::NORMAL_UNSPECIFIED => TalkOutcome::NoAnswer,
            Cause::ABSENT => TalkOutcome::Absent,
            Cause::TIMER_EXPIRED | Cause::UNALLOCATED if user => TalkOutcome::Absent,
            _ => TalkOutcome::Failed,
        }
    }
}

/// True when another trunk would fare no better: the number itself said so.
pub(super) fn is_final(cause: Cause, rang: bool) -> bool {
    match cause {
        Cause::BUSY | Cause::UNALLOCATED | Cause::MOVED | Cause::INVALID_NUMBER => true,
        Cause::NO_ANSWER => rang,
        _ => false,
    }
}

/// Who calls, as the far end sees it. A number of the call's own goes before the trunk's.
pub(super) fn caller_id(target: &Target, shown: Option<&str>, cx: &Cx<'_>) -> CallerId {
    let info = &cx.call.info;
    let dialplan = cx.world.dialplan();
    let number = match (target, shown) {
        (_, Some(shown)) => shown.to_owned(),
        (Target::User(_), None) => info.caller.clone(),
        (Target::Trunk { trunk, .. }, None) => {
            let user = info.caller_user.as_ref();
            let own = match user {
                Some(user) => user.caller_id.clone(),
                None => Some(info.caller.clone()).filter(|number| !number.is_empty()),
            };
            let trunk = || dialplan.trunks.get(trunk).and_then(|t| t.caller_id.clone());
            own.or_else(trunk).unwrap_or_else(|| info.caller.clone())
        }
    };
    let display = info
        .caller_user
        .as_ref()
        .and_then(|user| user.display.clone());
    let name = display.or_else(|| info.caller_name.clone());
    CallerId {
        number,
        name,
        host: dialplan.tenant.domain.clone(),
    }
}
