//! What a run on a real wire leaves behind: a capture, its keys, the ladder.

use anyhow::{Context, Result};
use ike_core::Instant;
use simulator::{EspKeyLog, IkeKeyLog, esp_sa, ikev2_decryption_table};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use vnet::capture::Capture;

/// The files of a run, each complete up to now at any time: somebody may watch.
pub struct Files {
    capture: Capture<File>,
    ike: KeyTable,
    esp: KeyTable,
    ladder: File,
    /// What the clock of the run shows as zero, in microseconds since 1970.
    epoch_us: u64,
}

/// A table of keys that grows.
struct KeyTable {
    file: File,
    has_head: bool,
}

impl KeyTable {
    /// Appends the rows of a table; its first line is the head, which stands there once.
    fn append(&mut self, table: &str) -> Result<()> {
        let rows =
            if self.has_head { table.split_once('\n').map_or("", |(_, rows)| rows) } else { table };
        self.has_head = true;
        self.file.write_all(rows.as_bytes()).context("a table of keys cannot be written")
    }
}

impl Files {
    /// Begins `capture.pcapng`, `ikev2_decryption_table`, `esp_sa` and `ladder.txt` in the folder, which is
    /// made; what was there is replaced.
    ///
    /// # Errors
    /// The folder or a file cannot be made.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        let create = |name: &str| {
            let path = folder.join(name);
            File::create(&path).with_context(|| format!("{}: cannot be made", path.display()))
        };
        let table = |name| create(name).map(|file| KeyTable { file, has_head: false });
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut files = Self {
            capture: Capture::new(create("capture.pcapng")?, &["udp"]).context("the capture")?,
            ike: table("ikev2_decryption_table")?,
            esp: table("esp_sa")?,
            ladder: create("ladder.txt")?,
            epoch_us: u64::try_from(since_1970.as_micros()).unwrap_or(0),
        };
        files.ike.append(&ikev2_decryption_table([]))?;
        files.esp.append(&esp_sa([]))?;
        Ok(files)
    }

    pub(crate) fn datagram(&mut self, at: Instant, octets: &[u8], comment: &str) -> Result<()> {
        let at = vnet::time::Instant::from_micros(self.epoch_us.saturating_add(at.micros()));
        self.capture.write(at, 0, octets, Some(comment)).context("the capture cannot be written")
    }

    pub(crate) fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) -> Result<()> {
        self.ike.append(&ikev2_decryption_table([keys]))
    }

    pub(crate) fn esp_keys(&mut self, keys: &EspKeyLog<'_>) -> Result<()> {
        self.esp.append(&esp_sa([keys]))
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.ladder, "{line}").context("ladder.txt cannot be written")
    }
}
