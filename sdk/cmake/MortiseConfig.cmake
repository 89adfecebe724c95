# find_package(Mortise): the target Mortise::sdk and the function mortise_add_plugin().
include(${CMAKE_CURRENT_LIST_DIR}/MortiseTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/MortiseAddPlugin.cmake)
