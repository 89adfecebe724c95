// The TLS side of a link: a context from the operator's files, read anew for each attempt, so that a
// certificate that was replaced is in force with the next connection.
//
// Thread: the link's.   Fails: by a sentence that names the file.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <utility>

#include "settings.hpp"

namespace mortise::bridge {

// Null with `fault` set when a file cannot be used.
std::shared_ptr<boost::asio::ssl::context> make_context(const TlsSettings& settings, std::string& fault);

}  // namespace mortise::bridge
