# Installs the SDK into a folder of its own, copies the sources of plugins to where they cannot see the tree,
# and builds them there against that SDK. DRIVER, if given, is run on the results.
#   cmake -DBUILD=… -DWORK=… -DSOURCES=a;b -DCXX=… -DCC=… -DLAUNCHER=… [-DDRIVER=…] -P …
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/sdk)
foreach(source ${SOURCES})
  cmake_path(GET source FILENAME name)
  file(COPY ${source} DESTINATION ${WORK}/sources)
  run(${CMAKE_COMMAND} -S ${WORK}/sources/${name} -B ${WORK}/build/${name} -DCMAKE_PREFIX_PATH=${WORK}/sdk
      -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_COMPILER=${CC}
      -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_C_COMPILER_LAUNCHER=${LAUNCHER}
      -DCMAKE_C_FLAGS=-Wall\ -Wextra\ -Wpedantic\ -Werror
      -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Wpedantic\ -Werror)
  run(${CMAKE_COMMAND} --build ${WORK}/build/${name})
  run(${CMAKE_COMMAND} --install ${WORK}/build/${name} --component plugins --prefix ${WORK}/installed)
  file(GLOB_RECURSE library ${WORK}/installed/*/mortise/plugins/${name}.so)
  if(NOT library)
    message(FATAL_ERROR "${name}.so was not installed")
  endif()
  file(COPY ${library} DESTINATION ${WORK}/plugins)
endforeach()
if(DRIVER)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env MORTISE_EXAMPLES=${WORK}/plugins ${DRIVER}
                  RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the examples do not behave")
  endif()
endif()
