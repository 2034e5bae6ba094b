//! `serve` with a certificate of its own: the backend and the auth service, for those who trust its authority.

use crate::support::{Backend, KEY, Place, failed};
use crate::validation::validate;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const SECRET: &str = "a-client-secret-0123456789abcdef";

/// Puts `ca.pem`, and `cert.pem` and `key.pem` for this machine's own address, where the command is called.
fn certify(place: &Place) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    place.write("ca.pem", issuer.pem());
    place.write("cert.pem", cert.pem());
    place.write("key.pem", key.serialize_pem());
}

/// Users of the auth service of `issuer`, who trust `ca`, on `backend`.
fn target(backend: &Backend, issuer: &Backend, ca: &str) -> String {
    format!(
        "[target]\nurl = \"{}\"\nca_file = \"{ca}\"\n[target.auth]\nmode = \"oauth\"\ntoken_url = \"{}/auth/token\"\n\
         client_id = \"harness\"\nclient_secret_env = \"CLIENT_SECRET\"\nuser_field = \"requested_subject\"\n",
        backend.url,
        issuer.auth.as_deref().unwrap()
    )
}

#[test]
fn nodes_and_their_issuer_speak_tls_to_who_trusts_their_authority() {
    let (place, strange) = (Place::new(), Place::new());
    certify(&place);
    certify(&strange);
    let clients = "[[clients]]\nid = \"harness\"\nsecret_env = \"CLIENT_SECRET\"\n\
                   grants = [\"client_credentials\"]\nusers_beginning_with = \"gp-\"\n";
    place.write("auth.toml", clients);
    let file = |name: &str| place.path().join(name).display().to_string();
    let (config, ca, cert, key) = (file("auth.toml"), file("ca.pem"), file("cert.pem"), file("key.pem"));
    let variables =
        [("CLIENT_SECRET", SECRET), ("GOLDENPATH_TLS_CERT", cert.as_str()), ("GOLDENPATH_TLS_KEY", &key)];
    let flags = ["--auth-listen", "127.0.0.1:0", "--auth-config", &config];
    let all = Backend::start_with(&flags, &variables);
    let issuer = all.auth.clone().unwrap();
    assert!(all.url.starts_with("wss://") && issuer.starts_with("https://"), "{} {issuer}", all.url);
    let (keys, revoked) = (format!("{issuer}/.well-known/jwks.json"), format!("{issuer}/auth/revocations"));
    let gateway = Backend::start_with(
        &[
            "--role",
            "gateway",
            "--tls-cert",
            &cert,
            "--tls-key",
            &key,
            "--auth-jwks-url",
            &keys,
            "--auth-revocations-url",
            &revoked,
            "--auth-ca-file",
            &ca,
        ],
        &[],
    );
    let security = validate("security").users(2).at_any_speed();
    for node in [&all, &gateway] {
        place.write("goldenpath.toml", target(node, &all, "ca.pem"));
        security.run_with(&place, &[("CLIENT_SECRET", SECRET)]).ended_with(0);
    }
    strange.write("goldenpath.toml", target(&all, &all, "ca.pem"));
    let ran = security.run_with(&strange, &[("CLIENT_SECRET", SECRET)]);
    assert!(ran.code != Some(0) && ran.said().contains("certificate"), "{}", ran.said());
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(all.terminate().code, Some(0));
}

#[test]
fn whose_authority_is_not_trusted_is_no_verdict_and_is_told() {
    let (place, strange) = (Place::new(), Place::new());
    certify(&place);
    certify(&strange);
    let file = |name: &str| place.path().join(name).display().to_string();
    let backend = Backend::start_with(&["--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")], &[]);
    let text = |ca: &str| {
        format!(
            "[target]\nurl = \"{}\"\nca_file = \"{ca}\"\nauth = {{ mode = \"mint\", key_env = \"MINT\" }}\n",
            backend.url
        )
    };
    strange.write("goldenpath.toml", text("ca.pem"));
    let ran = validate("functional").users(2).run_with(&strange, &[("MINT", KEY)]).ended_with(3);
    assert!(ran.said().contains("certificate"), "{}", ran.said());
    assert_eq!(failed(&strange.report()), [""; 0]);
    strange.write("goldenpath.toml", text(&file("ca.pem")));
    validate("functional").users(2).at_any_speed().run_with(&strange, &[("MINT", KEY)]).ended_with(0);
}

#[test]
fn a_certificate_that_cannot_be_shown_is_named_before_anything_is_served() {
    let (place, other) = (Place::new(), Place::new());
    certify(&place);
    certify(&other);
    let strange = other.path().join("key.pem").display().to_string();
    for (flags, said) in [
        (vec!["--tls-cert", "cert.pem"], "`cert.pem` is given alone (hint: `--tls-key`"),
        (vec!["--tls-cert", "no.pem", "--tls-key", "key.pem"], "failed to read the certificate `no.pem`"),
        (vec!["--tls-cert", "key.pem", "--tls-key", "key.pem"], "`key.pem` holds no certificate (hint: PEM"),
        (vec!["--tls-cert", "cert.pem", "--tls-key", &strange], "is not that of the certificate `cert.pem`"),
        (vec!["--role", "auth", "--tls-key", "key.pem"], "`key.pem` is given alone (hint: `--tls-cert`"),
    ] {
        let ran = place.goldenpath(&[&["serve", "--listen", "127.0.0.1:0"], flags.as_slice()].concat());
        let ran = ran.ended_with(2);
        assert!(ran.err.contains(said), "{}", ran.said());
    }
}
