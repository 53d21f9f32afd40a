//! What a start says on the terminal.

use crate::data_dir::DataDir;
use crate::networks::Networks;
use crate::reload::Outcome;

/// Ten lines that say what to do next.
pub(super) fn greet(
    data: &DataDir,
    networks: &Networks,
    http: &[std::net::SocketAddr],
    outcome: &Outcome,
) {
    let list = |addresses: &[std::net::SocketAddr]| {
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    println!(
        "Cordboard {} is up. Data: {}",
        env!("CARGO_PKG_VERSION"),
        data.root.display()
    );
    println!(
        "SIP:  udp {}   tcp {}",
        list(&networks.udp),
        list(&networks.tcp)
    );
    for http in http {
        println!("Http: http://{http}/health   http://{http}/metrics");
    }
    for (tenant, _) in &outcome.refused {
        println!("Tenant {tenant} is refused; the log says why, `cordboard health` says it again.");
    }
    for (tenant, user, password) in &outcome.fresh {
        println!("New password: tenant {tenant}, user {user}: {password}");
    }
    println!("Passwords again:  cordboard secrets        Devices:  cordboard users");
    println!("Calls:            cordboard calls          Events:   cordboard trace");
    println!("What happened:    cordboard contacts, then cordboard explain ID");
    println!("Change a file under dialplans/ and the next call follows it.");
}
