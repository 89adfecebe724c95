# find_package(Mortise): the target Mortise::sdk and the function mortise_add_plugin().
# COMPONENTS testkit: Mortise::testkit as well, which needs nlohmann_json.
# Mortise::mqtt, a static library: the codec, for plugins that speak MQTT themselves; without a promise about its interface.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/MortiseTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/MortiseAddPlugin.cmake)
if("testkit" IN_LIST Mortise_FIND_COMPONENTS)
  include(${CMAKE_CURRENT_LIST_DIR}/testkit/CMakeLists.txt)
endif()
