//! A quarter of a core for a process, held to it by the kernel: control groups, of whichever version is there and ours to write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Of each tenth of a second, in microseconds: a quarter.
const QUOTA: &str = "25000";
const PERIOD: &str = "100000";

/// Where version 1 has its controller of processors, by its usual names.
const V1: [&str; 2] = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"];
/// Where version 2 is, alone or beside version 1.
const V2: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// A group of processes that share a quarter of a core. It goes when this is dropped, if they have ended.
#[derive(Debug)]
pub(crate) struct Quarter(PathBuf);

impl Quarter {
    /// Makes one.
    ///
    /// # Errors
    /// Says what stands in the way where there is none to be had.
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let name = format!("goldenpath-bench-{}-{name}", std::process::id());
        let mut tried = Vec::new();
        for (root, version) in V1.map(|root| (root, 1)).into_iter().chain(V2.map(|root| (root, 2))) {
            match Self::under(Path::new(root), &name, version) {
                Ok(group) => return Ok(group),
                Err(why) => tried.push(format!("`{root}` (version {version}): {why}")),
            }
        }
        Err(format!(
            "no control group can hold a node to a quarter of a core: {} (hint: as root, with a controller of processors)",
            tried.join("; ")
        ))
    }

    fn under(root: &Path, name: &str, version: u8) -> io::Result<Self> {
        if version == 2 && !fs::read_to_string(root.join("cgroup.controllers"))?.contains("cpu ") {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it has no controller of processors"));
        }
        if version == 1 {
            fs::metadata(root.join("cpu.cfs_quota_us"))
                .or_else(|_| fs::metadata(root.join("cgroup.procs")))?;
        } else {
            fs::write(root.join("cgroup.subtree_control"), "+cpu")?;
        }
        let folder = root.join(name);
        fs::create_dir(&folder)?;
        let group = Self(folder);
        match version {
            1 => {
                fs::write(group.0.join("cpu.cfs_period_us"), PERIOD)?;
                fs::write(group.0.join("cpu.cfs_quota_us"), QUOTA)?;
            }
            _ => fs::write(group.0.join("cpu.max"), format!("{QUOTA} {PERIOD}"))?,
        }
        Ok(group)
    }

    /// Takes a process in, with all of its threads.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub(crate) fn hold(&self, pid: u32) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }

    /// How often its processes had to wait because their share was used up: none would mean that nothing held them.
    ///
    /// # Errors
    /// When the kernel tells nothing.
    pub(crate) fn throttled(&self) -> io::Result<u64> {
        let told = fs::read_to_string(self.0.join("cpu.stat"))?;
        let count = told.lines().find_map(|line| line.strip_prefix("nr_throttled ")?.trim().parse().ok());
        count.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "`cpu.stat` tells no `nr_throttled`"))
    }
}

impl Drop for Quarter {
    fn drop(&mut self) {
        // A process that is about to end still lies in it for a moment.
        for _ in 0..50 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}
