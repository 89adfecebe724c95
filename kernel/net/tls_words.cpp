#include "net/tls_words.hpp"

#include <algorithm>
#include <string_view>

namespace mortise::net {

namespace {

constexpr std::uint8_t handshake_record = 0x16;
constexpr std::uint8_t connect_packet = 0x10;

struct Words {
  int reason;
  std::string_view text;
};

// Alerts of the peer are reasons too: 1000 and the alert's number.
constexpr Words known[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, "the client speaks only TLS versions this listener does not"},
    {SSL_R_VERSION_TOO_LOW, "the client speaks only TLS versions this listener does not"},
    {SSL_R_NO_SHARED_CIPHER, "the client and this listener have no cipher in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "the client and this listener have no curve in common"},
    {SSL_R_NO_SHARED_GROUPS, "the client and this listener have no curve in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
     "the client takes no signature this listener's certificate can make"},
    {SSL_R_NO_APPLICATION_PROTOCOL, "the client offers other protocols than this listener serves (ALPN)"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client sent no certificate, and this listener wants one"},
    {SSL_R_NO_RENEGOTIATION, "the client asked for a renegotiation, which is not served"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the client refuses this listener's certificate: it is bad"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the client refuses this listener's certificate: it has expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the client refuses this listener's certificate: it is revoked"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the client refuses this listener's certificate"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA,
     "the client refuses this listener's certificate: it does not know who issued it"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a record was damaged or forged on its way"},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, "a record is longer than TLS allows"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "a record is longer than TLS allows"},
    {SSL_R_DATA_LENGTH_TOO_LONG, "a record is longer than TLS allows"},
};

// How a handshake ends whose two sides have different keys (PSK): of TLS 1.3, and of 1.2.
bool shows_another_key(int reason) {
  return reason == SSL_R_BINDER_DOES_NOT_VERIFY || reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC ||
         reason == SSL_R_DIGEST_CHECK_FAILED;
}

// Of a listener that has no certificate, only keys.
std::string_view why_not_with_keys(int reason) {
  if (reason == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM)
    return "the client offers no key (PSK) that this listener could know, and there is no certificate";
  if (reason == SSL_R_NO_SHARED_CIPHER)
    return "the client and this listener have no cipher in common: without a certificate only those of keys "
           "(PSK) are served";
  return {};
}

}  // namespace

// The first byte decides, so that it does not matter in which pieces they come.
std::string why_not_tls(mqtt::Bytes first) {
  if (first.empty() || first.front() == handshake_record) return {};
  static constexpr std::string_view remedy = "; use the listener for that, or switch TLS on in the client";
  if (first.front() == connect_packet) return "plain MQTT on a TLS listener" + std::string{remedy};
  if (first.front() >= 'A' && first.front() <= 'Z')
    return "plain HTTP on a TLS listener" + std::string{remedy};
  return "what the client sends is not TLS";
}

std::string why_failed(const SSL& ssl, const TlsRefusal& refusal) {
  const unsigned long error = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(error);
  ERR_clear_error();
  if (!refusal.text.empty()) return refusal.text;
  if (SSL_get_verify_result(&ssl) != X509_V_OK)
    return std::string{"the client's certificate: "} +
           X509_verify_cert_error_string(SSL_get_verify_result(&ssl));
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return "TLS failed inside OpenSSL";
  if (!refusal.of_psk.empty() && shows_another_key(reason)) return refusal.of_psk;
  if (!SSL_get_certificate(&ssl))
    if (const std::string_view why = why_not_with_keys(reason); !why.empty()) return std::string{why};
  const auto* words = std::ranges::find(known, reason, &Words::reason);
  if (words != std::end(known)) return std::string{words->text};
  const char* text = ERR_reason_error_string(error);
  if (reason > SSL_AD_REASON_OFFSET)
    return "the client ended it with the alert: " + std::string{text ? text : "?"};
  return "broken TLS: " + std::string{text ? text : "no reason given"};
}

}  // namespace mortise::net
