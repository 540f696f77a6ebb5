//! Which certificates are trusted, and the TLS configuration that trusts them.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::escape::escape;
use crate::web::options::Certificates;

/// Makes a TLS configuration; the error is a sentence that says what to do.
pub(crate) fn configure(certificates: &Certificates) -> Result<ClientConfig, String> {
    let (found, nothing_found) = match certificates {
        Certificates::OfMachine => {
            let result = rustls_native_certs::load_native_certs();
            let because = result.errors.first().map(|it| format!(" ({it})")).unwrap_or_default();
            let reason = format!(
                "this machine trusts no certificates{}; install the package `ca-certificates`, or set SSL_CERT_FILE",
                escape(because.as_bytes())
            );
            (result.certs, reason)
        }
        Certificates::File(path) => {
            let shown = escape(path.as_os_str().as_encoded_bytes());
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| format!("cannot read the certificates in {shown}: {error}"))?;
            (certificates, format!("there are no certificates in {shown}"))
        }
    };
    let mut roots = RootCertStore::empty();
    // Old certificates that do not follow today's rules are skipped, as everyone does.
    let (usable, _) = roots.add_parsable_certificates(found);
    if usable == 0 {
        return Err(nothing_found);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot set up TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
