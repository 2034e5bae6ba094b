//! `proxy`: a fault or the network's troubles, by hand, in front of any backend.

use crate::args::{Format, ProxyArgs};
use crate::exit::{CommandError, Exit};
use crate::interrupt::Interrupt;
use crate::nearest::unknown;
use crate::output::Output;
use goldenpath_faults::{
    Driver, FaultInfo, Plan, Proxy, ProxyError, Receipt, TOXICS, ToxicError, ToxicSpec, catalogue, fault_info,
};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tokio::net::TcpListener;

/// Stands in front of the backend until SIGTERM or Ctrl-C.
pub(crate) async fn proxy(args: &ProxyArgs) -> Result<Exit, CommandError> {
    let mut plan = if args.passthrough { Plan::passthrough(args.seed) } else { Plan::aware(args.seed) };
    if let Some(row) = &args.fault {
        plan = plan.fault(fault(row)?);
    }
    for toxic in &args.toxic {
        plan = plan.toxic(read_toxic(toxic)?);
    }
    if let Some(path) = &args.ca_file {
        let read = std::fs::read(path)
            .map_err(|why| CommandError::Usage(format!("failed to read `{}`: {why}", path.display())))?;
        plan = plan.trusting(read);
    }
    let listener = TcpListener::bind(&args.listen)
        .await
        .map_err(|why| CommandError::Usage(format!("failed to listen on `{}`: {why}", args.listen)))?;
    if let Some(path) = &args.receipts {
        plan = plan.receipts(keep_in(path)?);
    }
    let proxy = Proxy::start(listener, &args.upstream, plan).await.map_err(|why| match why {
        ProxyError::Upstream { .. } | ProxyError::Tls(_) => CommandError::Usage(why.to_string()),
        ProxyError::Listener(_) => CommandError::Outside(why.to_string()),
    })?;
    // Before anybody knows that it is ready: who starts it may stop it right away.
    let interrupt = Interrupt::listen(Output::new(Format::Text), "ending (once more: at once)")?;
    ready(&proxy)?;
    interrupt.token().cancelled().await;
    proxy.stop().await;
    Ok(Exit::Approved)
}

fn fault(row: &str) -> Result<&'static FaultInfo, CommandError> {
    let rows: Vec<&str> =
        catalogue().filter(|info| info.driver == Driver::Proxy).map(|info| info.id).collect();
    match fault_info(row) {
        Some(info) if info.driver == Driver::Proxy => Ok(info),
        Some(info) => Err(CommandError::Usage(format!(
            "fault `{row}` ({}) can only be made inside the reference backend (valid: {})",
            info.summary,
            rows.join(", ")
        ))),
        None => Err(CommandError::Usage(unknown("fault", row, &rows))),
    }
}

fn read_toxic(given: &str) -> Result<ToxicSpec, CommandError> {
    let (name, value) = given.split_once('=').unwrap_or((given, ""));
    ToxicSpec::new(name, value).map_err(|why| {
        CommandError::Usage(match why {
            ToxicError::Unknown(name) => {
                let names: Vec<&str> = TOXICS.iter().map(|toxic| toxic.name).collect();
                unknown("toxic", &name, &names)
            }
            ToxicError::Value { .. } => why.to_string(),
        })
    })
}

/// Writes every receipt at once: who reads the file while the proxy works sees all that was done.
fn keep_in(path: &Path) -> Result<impl FnMut(Receipt) + Send + use<>, CommandError> {
    let wrong =
        |why: std::io::Error| CommandError::Usage(format!("failed to create `{}`: {why}", path.display()));
    let mut file = File::create(path).map_err(wrong)?;
    let name = path.display().to_string();
    Ok(move |receipt: Receipt| {
        let line = serde_json::to_string(&receipt).map(|line| line + "\n").map_err(std::io::Error::from);
        if let Err(why) = line.and_then(|line| file.write_all(line.as_bytes())) {
            tracing::error!(%why, file = name, "a receipt was lost");
        }
    })
}

/// One line on stdout, when connections are taken.
fn ready(proxy: &Proxy) -> Result<(), CommandError> {
    let line = json!({
        "ready": true,
        "ws": proxy.ws_url(),
        "http": format!("http://{}", proxy.addr()),
        "pid": std::process::id(),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|why| CommandError::Outside(format!("failed to say that the proxy is ready: {why}")))
}
