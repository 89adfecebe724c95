# Completion of mortise's commands and options for bash.

_mortise_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_mortise_words() {
  mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

# What plugins brought: mortise-NAME on PATH is the command NAME.
_mortise_brought() {
  compgen -c mortise- | sed 's/^mortise-//' | sort -u
}

_mortise_passwd() {
  case $2 in
    --group) COMPREPLY=() ;;
    *) if [[ $1 == -* ]]; then _mortise_words "$1" "--group --delete --help"; else _mortise_files "$1"; fi ;;
  esac
}

_mortise() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=run
  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then command=${COMP_WORDS[1]}; fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
    _mortise_words "$current" "run check $(_mortise_brought)"
  elif [[ $command == passwd ]]; then
    _mortise_passwd "$current" "$previous"
  elif [[ $command == run || $command == check ]]; then
    case $previous in
      --config) _mortise_files "$current" ;;
      --state-dir | --plugin-path)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
      *) _mortise_words "$current" "--config --state-dir --plugin-path --help --version" ;;
    esac
  fi
}

complete -F _mortise mortise
