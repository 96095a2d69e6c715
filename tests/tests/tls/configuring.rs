//! Settings: what is wrong with files is said at once, with the file.

use std::sync::Arc;

use roundsman::net::tcp;
use roundsman::net::tls::{self, Client, ConfigError, Server};
use roundsman_tests::folder::Folder;
use roundsman_tests::tls_peer::server_config;

use crate::{Site, assert_serves, echo, outcome, start};

#[track_caller]
fn refused(builder: tls::ServerBuilder) -> ConfigError {
    builder.build().expect_err("it is not as it should be")
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let site = Site::new();
    let error = refused(tls::server(&site.files.certificate, "no/such.key"));
    assert!(error.to_string().starts_with("reading no/such.key: "), "{error}");
    assert!(matches!(error, ConfigError::Read { .. }), "{error:?}");
}

#[test]
fn a_file_without_a_certificate_or_a_key_is_named() {
    let (site, folder) = (Site::new(), Folder::new());
    let empty = folder.with("empty.pem", "no PEM at all\n");
    for builder in [
        tls::server(&empty, &site.files.key),
        tls::server(&site.files.certificate, &empty),
        tls::server(&site.files.certificate, &site.files.key).client_roots(&empty),
    ] {
        let error = refused(builder);
        assert!(error.to_string().contains("empty.pem is not as it should be"), "{error}");
    }
    let error = tls::client().roots(&empty).build().expect_err("there is no root");
    assert!(error.to_string().contains("BEGIN CERTIFICATE"), "{error}");
}

#[test]
fn a_file_that_is_cut_off_is_named() {
    let (site, folder) = (Site::new(), Folder::new());
    let whole = std::fs::read(&site.files.certificate).expect("it is there");
    let half = folder.with("half.pem", &whole[..whole.len() / 2]);
    let error = refused(tls::server(half, &site.files.key));
    assert!(matches!(error, ConfigError::Pem { .. }), "{error:?}");
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let site = Site::new();
    let other = site.authority.issue("other");
    let error = refused(tls::server(&site.files.certificate, &other.key));
    assert!(matches!(error, ConfigError::KeyMismatch { .. }), "{error:?}");
    assert!(error.to_string().contains("other.key.pem"), "{error}");
}

#[test]
fn settings_of_rustls_serve_as_well() {
    let site = Site::new();
    let server = start(Server::from(Arc::new(server_config(&site.files))), echo);
    let client = Client::from(Arc::new(site.peer()));
    let to = client.connect(tcp::connect(server.socket_addr())).server_name("localhost");
    assert!(outcome(to).is_ok_and(|connection| connection.tls().is_some()));
    assert_serves(&server, &site);
}
