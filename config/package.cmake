# Debian packages of what is installed: mortise, and mortise-dev for those who write plugins. See ./dev package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mortise)
set(CPACK_PACKAGE_VENDOR Mortise)
set(CPACK_PACKAGE_CONTACT "Mortise maintainers <maintainers@mortise.invalid>")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL broker plugins sdk)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_MORTISE_PACKAGE_NAME mortise)
set(CPACK_DEBIAN_MORTISE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_MORTISE_PACKAGE_DEPENDS adduser)
# What a bridge's link holds a remote's certificate against, where its settings name no authority.
set(CPACK_DEBIAN_MORTISE_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_MORTISE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MORTISE_DESCRIPTION "MQTT broker for edge servers
Serves MQTT 3.1, 3.1.1 and 5.0 over TCP, TLS, WebSocket and Unix sockets.
A minimal kernel for sockets, framing, sessions and routing, and plugins
for everything else: logs, a store on SQLite, users and access rules,
bridges to other brokers, metrics.")
# dpkg asks before it touches one that was edited.
list(TRANSFORM default_files PREPEND ${etc}/ OUTPUT_VARIABLE conffiles)
list(JOIN conffiles "\n" conffiles)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles "${conffiles}\n")
set(CPACK_DEBIAN_MORTISE_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/debian/conffiles)
foreach(script postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_MORTISE_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/${script})
endforeach()

set(CPACK_DEBIAN_DEV_PACKAGE_NAME mortise-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "cmake, g++ | clang")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "mortise, nlohmann-json3-dev, libgtest-dev")
set(CPACK_DEBIAN_DEV_DESCRIPTION "plugins for the Mortise MQTT broker: headers and CMake package
The C interface and its C++ wrapper, a folder to copy, and a kit to test
a plugin without a broker, which needs nlohmann-json3-dev.")

include(CPack)
cpack_add_component(broker GROUP mortise)
cpack_add_component(plugins GROUP mortise)
cpack_add_component(sdk GROUP dev)
