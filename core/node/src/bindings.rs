//! Bindings between the registrar and the store: how one becomes the other's row.
//!
//! A connection does not survive a restart, so only bindings over UDP are taken back; a device
//! that came by TCP registers again.

use cordboard_sip::{Flow, Transport};
use cordboard_store::{Store, StoreError};

use crate::registrar::{Binding, BindingChange, Registrar};

/// Says in `Binding::path` of a row that the device is kept alive.
const NAT: &str = "nat";

/// A registrar with the bindings that the store kept and that still live.
pub async fn restore(store: &dyn Store, unix_ms: u64) -> Result<Registrar, StoreError> {
    let mut registrar = Registrar::default();
    for kept in store.load_bindings(unix_ms).await? {
        let Some(flow) = parse_flow(&kept.flow) else {
            continue;
        };
        if flow.transport != Transport::Udp {
            continue;
        }
        let binding = Binding {
            uri: kept.contact,
            flow,
            call_id: kept.sip_call_id,
            cseq: kept.cseq,
            expires_ms: kept.expires_at_ms,
            device: kept.user_agent,
            nat: kept.path == NAT,
        };
        registrar.restore((kept.tenant, kept.user), binding);
    }
    Ok(registrar)
}

/// Writes one change.
pub async fn keep(store: &dyn Store, change: BindingChange) -> Result<(), StoreError> {
    match change {
        BindingChange::Put((tenant, user), binding) => {
            let kept = cordboard_store::Binding {
                tenant,
                user,
                contact: binding.uri,
                flow: flow_text(&binding.flow),
                path: if binding.nat {
                    NAT.to_owned()
                } else {
                    String::new()
                },
                sip_call_id: binding.call_id,
                cseq: binding.cseq,
                instance: None,
                expires_at_ms: binding.expires_ms,
                user_agent: binding.device,
            };
            store.put_bindings(&[kept]).await
        }
        BindingChange::Delete((tenant, user), uri) => {
            store.delete_binding(&tenant, &user, &uri).await.map(|_| ())
        }
    }
}

fn flow_text(flow: &Flow) -> String {
    let transport = if flow.transport == Transport::Udp {
        "udp"
    } else {
        "tcp"
    };
    format!("{transport} {} {}", flow.local, flow.remote)
}

fn parse_flow(text: &str) -> Option<Flow> {
    let mut parts = text.split(' ');
    let transport = match parts.next()? {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        _ => return None,
    };
    Some(Flow {
        transport,
        local: parts.next()?.parse().ok()?,
        remote: parts.next()?.parse().ok()?,
        connection: 0,
    })
}
