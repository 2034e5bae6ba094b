//! The front: nginx, which ends TLS and hands on to the nodes, as in front of production.

use super::certificates::{Certificates, NAME};
use goldenpath_services::{End, Folder, Process, Program, find, free_port};
use std::fmt::Write as _;
use std::path::Path;

/// A front that listens.
#[must_use = "the front ends when this is dropped"]
pub(super) struct Front {
    _process: Process,
    port: u16,
}

impl Front {
    /// Starts it in front of the nodes at these addresses.
    pub(super) async fn start(certificates: &Certificates, nodes: &[&str]) -> Self {
        let binary = find("nginx", &["/usr/sbin".into(), "/usr/local/sbin".into()]).expect(
            "failed to start the stand-in: `nginx` is not installed (hint: on Debian: `apt-get install nginx-light`)",
        );
        let folder = Folder::create(&[]).unwrap();
        let port = free_port().unwrap();
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), certificates, nodes, port)).unwrap();
        let at = |flag: &str, path: &Path| [flag.into(), path.into()];
        let mut args = vec!["-e".into(), "stderr".into()];
        args.extend(at("-p", folder.path()).into_iter().chain(at("-c", &file)));
        let program = Program { name: "nginx", binary, args, env: Vec::new(), end: End::Kill };
        let listens = move |_| async move {
            let connected = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            connected.map(|_| ()).map_err(|why| why.to_string())
        };
        let process = Process::start(program, folder, listens).await;
        Self { _process: process.unwrap_or_else(|why| panic!("{why}")), port }
    }

    /// The address of its WebSocket.
    pub(super) fn address(&self) -> String {
        format!("wss://{NAME}:{}/ws", self.port)
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
        // One refusal or silence, and the other nodes serve for a second.
        let _ = writeln!(text, "    server {node} max_fails=1 fail_timeout=1s;");
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
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_buffering off;
    proxy_connect_timeout 2s;
    location = /ws {{
      proxy_pass http://nodes;
      # A node that drains takes nobody.
      proxy_next_upstream error timeout http_503;
      proxy_read_timeout 120s;
      proxy_send_timeout 120s;
    }}
    location / {{
      proxy_pass http://nodes;
      # A node waits five seconds for its database.
      proxy_read_timeout 10s;
    }}
  }}
}}
",
        certificates.certificate().display(),
        certificates.key().display()
    );
    text
}
