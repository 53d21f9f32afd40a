//! The engines speak in turn until none has anything to say: signalling first, then calls, then routes.

use cordboard_call::ids::CallId;
use cordboard_call::{Doors, Output as CallOutput};
use cordboard_sip::{Event as SipEvent, Output as SipOutput};

use super::{Output, Shard};
use crate::capture;

impl Shard {
    /// Lets every engine speak until none has anything to say.
    pub(crate) fn settle(&mut self) {
        loop {
            if let Some(output) = self.endpoint.poll() {
                self.signalled(output);
            } else if let Some(output) = self.engine.poll() {
                self.happened(output);
            } else if let Some(call) = self.calls.stirred.pop_front() {
                self.walk(call);
            } else {
                return;
            }
        }
    }

    pub(super) fn signalled(&mut self, output: SipOutput) {
        match output {
            SipOutput::Transmit { flow, bytes } => {
                self.log_sent(flow, &bytes);
                self.outputs.push_back(Output::Transmit { flow, bytes });
            }
            SipOutput::Event(SipEvent::Request(new)) => self.request(&new),
            SipOutput::Event(event) => {
                let now = self.desk.moment.now;
                let mut doors = Doors {
                    sip: &mut self.endpoint,
                    ports: self.ports.as_mut(),
                };
                self.engine.handle_sip(now, &mut doors, event);
            }
        }
    }

    pub(super) fn happened(&mut self, output: CallOutput) {
        match output {
            CallOutput::Media(command) => self.outputs.push_back(Output::Media(command)),
            CallOutput::Fact(event) => self.fact(event),
            CallOutput::Notice { call, notice } => self.notice(call, notice),
        }
    }

    /// Messages that an action has just put out belong to its call, also those of a new dialog.
    pub(super) fn bind_new_dialogs(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get(&call) else {
            return;
        };
        let tenant = running.generation.tenant.clone();
        let mut events = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            if let SipOutput::Transmit { bytes, .. } = &output
                && bytes.starts_with(b"INVITE ")
                && self.capture.find(bytes).is_none()
                && let Some(id) = capture::call_id(bytes)
            {
                self.capture.bind(
                    id,
                    capture::Entry {
                        call,
                        tenant: tenant.clone(),
                    },
                );
            }
            if matches!(output, SipOutput::Transmit { .. }) {
                self.signalled(output);
            } else {
                events.push(output);
            }
        }
        for event in events {
            self.signalled(event);
        }
    }
}
