//! A container that runs.

use super::docker;
use super::image::Image;
use super::setting::Setting;
use super::table::Plug;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use testcontainers::bollard::models::{DeviceMapping, HostConfig};
use testcontainers::core::WaitFor;
use testcontainers::core::logs::LogFrame;
use testcontainers::core::logs::consumer::LogConsumer;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

/// The port on which a container takes commands.
const CONTROL_PORT: u16 = 7815;
/// The exit status of what cannot do what was asked.
const UNSUPPORTED: i64 = 77;
/// How long a container may take until it is ready: with ten thousand credentials, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long an answer on the control port may take.
const ANSWER: Duration = Duration::from_secs(90);
/// How often the log is looked at until the container is ready.
const LOOK: Duration = Duration::from_millis(50);
/// How long it has after SIGTERM, in seconds.
const GRACE_S: i32 = 5;

/// Why no container runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// Docker is not there or refuses; with what to do.
    Docker(String),
    /// The implementation cannot do what was asked: a verdict of its own.
    Unsupported(String),
    /// It should have started; with what it printed last.
    Failed(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Docker(text) | Self::Failed(text) => f.write_str(text),
            Self::Unsupported(reason) => write!(f, "unsupported: {reason}"),
        }
    }
}

impl core::error::Error for StartError {}

/// An implementation at work. Its container goes when this is dropped, also by a panic; a signal that ends the program
/// removes it, too.
pub struct Running {
    container: Option<ContainerAsync<GenericImage>>,
    runtime: Handle,
    log: Log,
    address: IpAddr,
    version: String,
}

/// What it printed so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The rest of each line of ours that begins so.
    fn lines(&self, word: &str) -> Vec<String> {
        let prefix = format!("wakebench: {word}");
        let text = self.text();
        let ours = text.lines().filter_map(|line| line.strip_prefix(&prefix));
        ours.map(|rest| rest.trim_start_matches(':').trim().to_owned()).collect()
    }
}

impl LogConsumer for Log {
    fn accept<'a>(
        &'a self,
        record: &'a LogFrame,
    ) -> core::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let text = String::from_utf8_lossy(record.bytes());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        Box::pin(core::future::ready(()))
    }
}

impl Running {
    /// Starts an implementation and waits until it is ready. Its image is built where it is not there.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        plug: &Plug,
        setting: &Setting,
        portal: SocketAddr,
    ) -> Result<Self, StartError> {
        if !plug.roles.contains(&setting.role) {
            let role = setting.role.name();
            return Err(StartError::Unsupported(format!("{} is no {role} here", plug.name)));
        }
        let image = Image::of(plug)?;
        image.build()?;
        let log = Log::default();
        let mut request = GenericImage::new(image.name(), image.tag().to_owned())
            .with_network("bridge")
            .with_ready_conditions(vec![WaitFor::Nothing])
            .with_label(docker::LABEL, plug.name)
            .with_copy_to("/wakebench/credentials", setting.credentials_file())
            .with_log_consumer(log.clone())
            .with_host_config_modifier(host_config);
        for (name, value) in setting.environment(portal) {
            request = request.with_env_var(name, value);
        }
        let container = request
            .start()
            .await
            .map_err(|error| StartError::Docker(format!("Docker starts no container: {error}")))?;
        let unspecified = IpAddr::from([0, 0, 0, 0]);
        let runtime = Handle::current();
        let container = Some(container);
        let mut running =
            Self { container, runtime, log, address: unspecified, version: String::new() };
        running.await_ready().await?;
        Ok(running)
    }

    fn container(&self) -> &ContainerAsync<GenericImage> {
        self.container.as_ref().expect("only stop and drop take it")
    }

    async fn await_ready(&mut self) -> Result<(), StartError> {
        let broken = |error| StartError::Docker(format!("Docker lost the container: {error}"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(version) = self.log.lines("ready").pop() {
                // Only a container that runs has an address.
                let address = self.container().get_bridge_ip_address().await;
                self.address = address.map_err(broken)?;
                self.version = version;
                return Ok(());
            }
            if !self.container().is_running().await.map_err(broken)? {
                let status = self.container().exit_code().await.map_err(broken)?;
                // What it printed last may still be under way.
                sleep(LOOK * 4).await;
                return Err(self.ended(status));
            }
            if Instant::now() > deadline {
                let text = format!("not ready after {} s:\n{}", PATIENCE.as_secs(), self.log());
                return Err(StartError::Failed(text));
            }
            sleep(LOOK).await;
        }
    }

    fn ended(&self, status: Option<i64>) -> StartError {
        match (status, self.log.lines("unsupported").pop()) {
            (Some(UNSUPPORTED), Some(reason)) => StartError::Unsupported(reason),
            (status, _) => {
                let status =
                    status.map_or("an unknown status".into(), |code| format!("status {code}"));
                StartError::Failed(format!("ended with {status}:\n{}", self.log()))
            }
        }
    }

    /// Docker's name for its container.
    #[must_use]
    pub fn id(&self) -> &str {
        self.container().id()
    }

    /// Its name and version as it told them.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it does otherwise than asked.
    #[must_use]
    pub fn caveats(&self) -> Vec<String> {
        self.log.lines("caveat")
    }

    /// All that it printed so far: its log.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The answer to a command of the contract.
    ///
    /// # Errors
    /// The container does not answer.
    pub async fn control(&self, command: &str) -> anyhow::Result<String> {
        let asked = async {
            let mut stream = TcpStream::connect((self.address, CONTROL_PORT)).await?;
            stream.write_all(format!("{command}\n").as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).trim().to_owned())
        };
        let context = || format!("{} does not answer {command:?}", self.version);
        let answer = timeout(ANSWER, asked).await;
        anyhow::Context::with_context(anyhow::Context::with_context(answer, context)?, context)
    }

    /// Kills it; whoever has it still finds nobody there. It is removed when the last of them lets it go.
    pub async fn kill(&self) {
        // One that cannot be killed now is when it is dropped.
        let _ = self.container().stop_with_timeout(Some(0)).await;
    }

    /// Ends it in peace (SIGTERM), then removes it.
    ///
    /// # Errors
    /// [`StartError::Failed`]: it had to be killed, or ended with another status than 0.
    pub async fn stop(mut self) -> Result<(), StartError> {
        let lost = |error| StartError::Docker(format!("Docker lost the container: {error}"));
        let container = self.container();
        container.stop_with_timeout(Some(GRACE_S)).await.map_err(lost)?;
        let status = container.exit_code().await.map_err(lost)?;
        if let Some(container) = self.container.take() {
            container.rm().await.map_err(lost)?;
        }
        if status == Some(0) { Ok(()) } else { Err(self.ended(status)) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The container removes itself when it is dropped, but inside a runtime only.
        let _inside = self.runtime.enter();
        drop(self.container.take());
    }
}

/// What the contract grants a container: a TUN device, its own interfaces and routes, and for those with a kernel of
/// their own an executable /dev/shm and the right to trace their processes.
fn host_config(config: &mut HostConfig) {
    let tun = "/dev/net/tun".to_owned();
    let capabilities = ["NET_ADMIN", "NET_RAW", "SYS_PTRACE"].map(str::to_owned).to_vec();
    config.cap_add = Some(capabilities);
    config.devices = Some(vec![DeviceMapping {
        path_on_host: Some(tun.clone()),
        path_in_container: Some(tun),
        cgroup_permissions: Some("rwm".to_owned()),
    }]);
    let exec = ("/dev/shm".to_owned(), "exec,size=600m".to_owned());
    config.tmpfs = Some(HashMap::from([exec]));
    let sysctls = SYSCTLS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    config.sysctls = Some(HashMap::from(sysctls));
}

/// It forwards between the tunnel and the server; what comes from there has an address that it also has itself.
const SYSCTLS: [(&str, &str); 9] = [
    ("net.ipv4.ip_forward", "1"),
    ("net.ipv4.conf.all.rp_filter", "0"),
    ("net.ipv4.conf.default.rp_filter", "0"),
    ("net.ipv4.conf.all.accept_local", "1"),
    ("net.ipv4.conf.all.send_redirects", "0"),
    ("net.ipv4.conf.default.send_redirects", "0"),
    ("net.ipv6.conf.all.disable_ipv6", "0"),
    ("net.ipv6.conf.default.disable_ipv6", "0"),
    ("net.ipv6.conf.all.forwarding", "1"),
];
