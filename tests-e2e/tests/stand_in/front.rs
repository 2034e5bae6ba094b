//! The front: nginx, which ends TLS and hands on to the nodes, as in front of production.

use super::certificates::{Certificates, NAME};
use super::process::{Process, program};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// A front that listens, or soon will.
pub(super) struct Front {
    process: Process,
    port: u16,
}

impl Front {
    /// Starts it in front of the nodes at these addresses.
    pub(super) fn start(folder: &Path, certificates: &Certificates, nodes: &[&str]) -> Self {
        let nginx =
            program("nginx", &["/usr/sbin", "/usr/local/sbin"], "on Debian: `apt-get install nginx-light`");
        // Free a moment ago; nginx takes no socket that is bound already.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(folder, certificates, nodes, port)).unwrap();
        let mut command = Command::new(nginx);
        command.arg("-e").arg("stderr").arg("-p").arg(folder).arg("-c").arg(&file).stdout(Stdio::null());
        Self { process: Process::start(&mut command, folder, "nginx.log"), port }
    }

    /// The address of its WebSocket.
    pub(super) fn address(&self) -> String {
        format!("wss://{NAME}:{}/ws", self.port)
    }

    /// What it complained of so far.
    pub(super) fn said(&self) -> String {
        self.process.said()
    }
}

/// One process, all of its files in one folder.
fn configuration(folder: &Path, certificates: &Certificates, nodes: &[&str], port: u16) -> String {
    let mut text = "daemon off;\nmaster_process off;\nerror_log stderr warn;\n".to_owned();
    let _ =
        writeln!(text, "pid {}/nginx.pid;\nevents {{ worker_connections 4096; }}\nhttp {{", folder.display());
    text.push_str("  access_log off;\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _ = writeln!(text, "  {kind}_temp_path {}/nginx_{kind};", folder.display());
    }
    text.push_str("  upstream nodes {\n");
    for node in nodes {
        let _ = writeln!(text, "    server {node};");
    }
    let _ = write!(
        text,
        "  }}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {NAME};
    ssl_certificate {};
    ssl_certificate_key {};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_read_timeout 120s;
      proxy_send_timeout 120s;
    }}
  }}
}}
",
        certificates.certificate().display(),
        certificates.key().display()
    );
    text
}
