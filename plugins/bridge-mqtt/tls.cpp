#include "tls.hpp"

namespace mortise::bridge {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> make_context(const TlsSettings& settings, std::string& fault) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  boost::system::error_code code;
  const auto fails = [&](const std::string& file, const char* what) {
    if (!code) return false;
    fault = file + ": " + what + ": " + code.message();
    return true;
  };
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                       code);
  context->set_verify_mode(ssl::verify_peer, code);
  if (settings.ca.empty())
    context->set_default_verify_paths(code);
  else
    context->load_verify_file(settings.ca, code);
  if (fails(settings.ca.empty() ? "the system's authorities" : settings.ca, "cannot be read as certificates"))
    return nullptr;
  if (settings.certificate.empty()) return context;
  context->use_certificate_chain_file(settings.certificate, code);
  if (fails(settings.certificate, "cannot be read as a certificate")) return nullptr;
  context->use_private_key_file(settings.key, ssl::context::pem, code);
  if (fails(settings.key, "cannot be read as the certificate's key")) return nullptr;
  return context;
}

}  // namespace mortise::bridge
