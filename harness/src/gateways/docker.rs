//! The Docker engine, as far as its program `docker` does what is needed.

use super::running::StartError;
use core::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Output};

/// Each container of ours has this label, and each image.
pub const LABEL: &str = "wakebench";

/// What to do where Docker is not there.
const ADVICE: &str = "real gateways run in containers: install Docker and start it (on Debian, .ci/docker does both), \
                      and let this user reach it";

/// Runs `docker` and returns what it printed.
///
/// # Errors
/// [`StartError::Docker`]: it is not installed, its engine does not answer, or it refuses.
pub(super) fn docker(arguments: &[&str]) -> Result<String, StartError> {
    let output = output(Command::new("docker").args(arguments))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let last = told.trim().lines().last().unwrap_or("no reason given").to_owned();
    let engine = ["Cannot connect", "permission denied", "daemon is not running", "daemon running"];
    if engine.iter().any(|sign| told.contains(sign)) {
        return Err(StartError::Docker(format!("the Docker engine does not answer; {ADVICE}")));
    }
    Err(StartError::Docker(format!("docker {}: {last}", arguments.join(" "))))
}

/// The output of a command that was started.
pub(super) fn output(command: &mut Command) -> Result<Output, StartError> {
    command.output().map_err(|error| {
        StartError::Docker(format!("the program docker cannot start ({error}); {ADVICE}"))
    })
}

/// The address at which a container reaches this machine: that of Docker's default bridge.
///
/// # Errors
/// [`StartError::Docker`].
pub fn bridge_address() -> Result<IpAddr, StartError> {
    let format = "{{range .IPAM.Config}}{{println .Gateway .Subnet}}{{end}}";
    let told = docker(&["network", "inspect", "bridge", "--format", format])?;
    told.lines().find_map(first_address).ok_or_else(|| {
        let text = format!("Docker's network bridge has no IPv4 address of this machine: {told:?}");
        StartError::Docker(text)
    })
}

/// The address in `GATEWAY SUBNET`, of which an older engine leaves out the first: then it is the subnet's first.
fn first_address(line: &str) -> Option<IpAddr> {
    let mut words = line.split_whitespace().rev();
    let (subnet, gateway) = (words.next()?, words.next());
    if let Some(address) = gateway.and_then(|text| text.parse::<Ipv4Addr>().ok()) {
        return Some(address.into());
    }
    let (network, _) = subnet.split_once('/')?;
    let network: Ipv4Addr = network.parse().ok()?;
    Some(Ipv4Addr::from_bits(network.to_bits() + 1).into())
}

/// Our containers that are still there, running or not.
///
/// # Errors
/// [`StartError::Docker`].
pub fn leftovers() -> Result<Vec<String>, StartError> {
    let told = docker(&["ps", "--all", "--quiet", "--filter", &format!("label={LABEL}")])?;
    Ok(told.lines().map(str::to_owned).collect())
}

/// Removes our containers, whoever started them, and our images. How many of each went.
///
/// # Errors
/// [`StartError::Docker`].
pub fn clean() -> Result<(usize, usize), StartError> {
    let containers = leftovers()?;
    for id in &containers {
        docker(&["rm", "--force", "--volumes", id])?;
    }
    let told = docker(&["images", "--quiet", "--filter", &format!("label={LABEL}")])?;
    let mut images: Vec<&str> = told.lines().collect();
    images.sort_unstable();
    images.dedup();
    for id in &images {
        docker(&["rmi", "--force", id])?;
    }
    Ok((containers.len(), images.len()))
}

#[cfg(test)]
mod tests {
    use super::first_address;

    #[test]
    fn the_bridge_has_its_gateways_address_or_the_first_of_its_subnet() {
        let is = |line| first_address(line).map(|address| address.to_string());
        assert_eq!(is("172.17.0.9 172.17.0.0/16").as_deref(), Some("172.17.0.9"));
        assert_eq!(is(" 172.17.0.0/16").as_deref(), Some("172.17.0.1"));
        assert_eq!(is("fd00::1 fd00::/64"), None);
        assert_eq!(is(""), None);
    }
}
