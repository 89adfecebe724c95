# mortise_add_plugin(name sources…): a plugin library <name>.so with one visible symbol, mortise_plugin_entry.
#
# The flags keep a plugin apart from its host and from other plugins: nothing but the entry is visible, no
# symbol of a static library inside leaks out, none is left undefined, and no C++ static is merged with
# another library's.
# The target has the plugin's name; link what it needs with target_link_libraries(name PRIVATE …).
# Installed to <libdir>/mortise/plugins, component "plugins".
include_guard(GLOBAL)
include(GNUInstallDirs)

set_property(GLOBAL PROPERTY MORTISE_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map)

function(mortise_add_plugin name)
  if(NOT ARGN)
    message(FATAL_ERROR "mortise_add_plugin(${name}): name its sources")
  endif()
  get_property(map GLOBAL PROPERTY MORTISE_PLUGIN_MAP)
  get_property(output GLOBAL PROPERTY MORTISE_PLUGIN_OUTPUT_DIRECTORY)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)

  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE Mortise::sdk)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${map})
  if("CXX" IN_LIST languages)
    target_compile_features(${name} PRIVATE cxx_std_20)
  endif()
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,-z,defs -Wl,--exclude-libs,ALL -Wl,--version-script=${map})
  if(output)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${output})
  endif()
  if(COMMAND mortise_settings)
    mortise_settings(${name})
    add_dependencies(mortise_packaged ${name})
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mortise/plugins COMPONENT plugins)
endfunction()

# mortise_add_plugin_code(name sources…): a static library with a plugin's code, so that its tests can look inside it. Link it
# to the plugin, whose own source then is the entry. Its headers are included from the folder it is made in.
function(mortise_add_plugin_code name)
  add_library(${name} STATIC ${ARGN})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC Mortise::sdk)
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  if(COMMAND mortise_settings)
    mortise_settings(${name})
  endif()
endfunction()
