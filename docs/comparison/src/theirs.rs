//! On turmoil: every host is a tokio runtime, which turns in each step of virtual time.

use crate::{DELAY_MS, Done, HOSTS_OF_A_SERVER, OCTETS, PORT};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use turmoil::net::UdpSocket;

const ANY: (IpAddr, u16) = (IpAddr::V6(Ipv6Addr::UNSPECIFIED), PORT);

pub(crate) fn run(hosts: u32) -> Done {
    let delay = Duration::from_millis(DELAY_MS);
    let mut sim = turmoil::Builder::new()
        .simulation_duration(Duration::from_millis(u64::from(hosts)) + 10 * delay)
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(delay)
        .max_message_latency(delay)
        .ip_version(turmoil::IpVersion::V6)
        .build();
    for number in 0..hosts.div_ceil(HOSTS_OF_A_SERVER) {
        sim.host(format!("server-{number}"), || async {
            let (socket, mut buffer) = (UdpSocket::bind(ANY).await?, [0; OCTETS]);
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer[..len], from).await?;
            }
        });
    }
    let exchanges = Arc::new(AtomicU64::new(0));
    for number in 0..hosts {
        let exchanges = Arc::clone(&exchanges);
        sim.client(format!("host-{number}"), async move {
            tokio::time::sleep(Duration::from_millis(number.into())).await;
            let (socket, mut buffer) = (UdpSocket::bind(ANY).await?, [0; OCTETS]);
            let to = format!("server-{}", number / HOSTS_OF_A_SERVER);
            socket.send_to(&buffer, (to.as_str(), PORT)).await?;
            socket.recv_from(&mut buffer).await?;
            exchanges.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
    }
    let built = Instant::now();
    sim.run().expect("every host has its answer");
    // It counts no events: a wake and two arrivals for each exchange.
    let exchanges = exchanges.load(Ordering::Relaxed);
    Done { exchanges, events: 3 * exchanges, built }
}
