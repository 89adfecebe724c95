"""Certificates for the end-to-end tests, made by the openssl command in the test's own folder."""

import subprocess


class Authority:
    """An authority and what it issues: <folder>/<name>.pem and .key."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.pem, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        _openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.pem, "-days", "2",
                 "-subj", f"/CN=Mortise Test {name}")
        (folder / f"{name}.index").write_text("")
        (folder / f"{name}.cnf").write_text(
            f"[ca]\ndefault_ca = a\n[a]\ndatabase = {folder}/{name}.index\ndefault_md = sha256\ndefault_crl_days = 1\n")

    def issue(self, name, common_name, alternatives="DNS:localhost,IP:127.0.0.1"):
        """A certificate that is good for a day."""
        pem, key, request = (self.folder / f"{name}.{ending}" for ending in ("pem", "key", "csr"))
        _openssl("req", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/O=Mortise/CN={common_name}")
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName = {alternatives}\n" if alternatives else "")
        _openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-out", pem,
                 "-days", "1", "-extfile", extensions)
        return pem, key

    def revoke(self, *certificates):
        """A list that revokes these, and those before."""
        config, crl = self.folder / f"{self.name}.cnf", self.folder / f"{self.name}.crl"
        common = ("-config", config, "-cert", self.pem, "-keyfile", self.key)
        for certificate in certificates:
            _openssl("ca", *common, "-revoke", certificate)
        _openssl("ca", *common, "-gencrl", "-out", crl)
        return crl


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def _openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, words))}:\n{done.stderr}")
