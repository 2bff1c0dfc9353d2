//! Certificates for the tests, made by the `openssl` program in the ways in
//! which PostgreSQL's users make them.

use std::path::{Path, PathBuf};

use crate::programs::run;

/// A folder of certificates and keys.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes everything that the tests use.
    pub(crate) fn new(folder: &Path) -> Self {
        let it = Self { folder: folder.to_owned() };
        it.root("ca", "/CN=jobtune test authority");
        it.root("other-ca", "/CN=another authority");
        // The same name, another key.
        it.root("impostor-ca", "/CN=jobtune test authority");
        it.signed("san", "/CN=ignored", Some("subjectAltName=DNS:localhost,IP:127.0.0.1"));
        it.signed("dns-only", "/CN=ignored", Some("subjectAltName=DNS:localhost"));
        it.signed("elsewhere", "/CN=localhost", Some("subjectAltName=DNS:elsewhere.example"));
        // The manual's recipe ("Creating Certificates"): no extensions, which
        // makes version 1 with OpenSSL 3.0.
        it.signed("manual", "/CN=localhost", None);
        it.signed("star", "/CN=*.example", None);
        it.signed("client", "/CN=carol", None);
        it.signed("between", "/CN=between", Some("basicConstraints=critical,CA:TRUE"));
        it.signed_by("between", "leaf", "/CN=ignored", Some("subjectAltName=DNS:localhost"));
        it.join("bundle", &["ca", "between"]);
        it.join("chain", &["leaf", "between"]);
        std::fs::copy(it.path("leaf.key"), it.path("chain.key")).unwrap();
        // `openssl req -x509` as the manual has it for a quick start: a
        // certificate that is its own authority.
        it.root("self", "/CN=localhost");
        it.expired();
        it.revocation_list();
        it
    }

    /// The path of one of the files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn root(&self, name: &str, subject: &str) {
        self.openssl(&format!(
            "req -new -x509 -days 30 -nodes -newkey rsa:2048 -subj\0{subject}\0-keyout {name}.key \
             -out {name}.crt"
        ));
    }

    fn signed(&self, name: &str, subject: &str, extension: Option<&str>) {
        self.signed_by("ca", name, subject, extension);
    }

    fn signed_by(&self, issuer: &str, name: &str, subject: &str, extension: Option<&str>) {
        self.openssl(&format!(
            "req -new -nodes -newkey rsa:2048 -subj\0{subject}\0-keyout {name}.key -out {name}.csr"
        ));
        let mut command = format!(
            "x509 -req -in {name}.csr -days 30 -CA {issuer}.crt -CAkey {issuer}.key -CAcreateserial \
             -out {name}.crt"
        );
        if let Some(extension) = extension {
            std::fs::write(self.path("extensions"), extension).unwrap();
            command.push_str(" -extfile extensions");
        }
        self.openssl(&command);
    }

    /// One file of several certificates.
    fn join(&self, name: &str, parts: &[&str]) {
        let read =
            |part: &&str| std::fs::read_to_string(self.path(&format!("{part}.crt"))).unwrap();
        let text: String = parts.iter().map(read).collect();
        std::fs::write(self.path(&format!("{name}.crt")), text).unwrap();
    }

    /// A version 1 certificate whose time has passed.
    fn expired(&self) {
        self.openssl("req -new -nodes -newkey rsa:2048 -subj\0/CN=localhost\0-keyout expired.key -out expired.csr");
        self.openssl(
            "x509 -req -in expired.csr -days -1 -CA ca.crt -CAkey ca.key -CAcreateserial \
             -out expired.crt",
        );
    }

    /// A list that revokes `san.crt`, and one that revokes nothing.
    fn revocation_list(&self) {
        std::fs::write(
            self.path("ca.cnf"),
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n\
             default_crl_days=30\ncertificate=ca.crt\nprivate_key=ca.key\ncrlnumber=crlnumber\n",
        )
        .unwrap();
        std::fs::write(self.path("index.txt"), "").unwrap();
        std::fs::write(self.path("crlnumber"), "01\n").unwrap();
        self.openssl("ca -config ca.cnf -gencrl -out none.crl");
        self.openssl("ca -config ca.cnf -revoke san.crt");
        self.openssl("ca -config ca.cnf -gencrl -out san.crl");
    }

    /// Runs openssl; a NUL separates an argument that holds blanks.
    fn openssl(&self, command: &str) {
        let arguments = command.split('\0').enumerate().flat_map(|(index, part)| {
            let whole = index % 2 == 1;
            let split: Vec<_> = if whole { vec![part] } else { part.split(' ').collect() };
            split.into_iter().filter(|word| !word.is_empty()).map(str::to_owned)
        });
        let arguments: Vec<_> = arguments.collect();
        run(crate::programs::command("openssl").args(&arguments).current_dir(&self.folder));
    }
}
