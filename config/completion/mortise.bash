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

# The first column of what the running broker answers: verbs, its own and instances of plugins, or one's verbs.
_mortise_verbs() {
  mortise ctl "$@" 2>/dev/null | awk 'NR > 1 && $1 != "" {print $1}' | sort -u
}

_mortise_ctl() {
  local current=$1 previous=$2 word folder=() words=() at
  for ((at = 2; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    case $word in
      --state-dir) folder=(--state-dir "${COMP_WORDS[at + 1]}") && ((at++)) ;;
      --wait) ((at++)) ;;
      -*) ;;
      *) words+=("$word") ;;
    esac
  done
  if [[ $previous == --state-dir ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
  elif [[ $current == -* ]]; then
    _mortise_words "$current" "--state-dir --json --wait --help"
  elif ((${#words[@]} == 0)); then
    _mortise_words "$current" "$({ _mortise_own_verbs && _mortise_verbs "${folder[@]}" help; } | sort -u)"
  elif ((${#words[@]} == 1)) && ! _mortise_own_verbs | grep -qxF -e "${words[0]}"; then
    _mortise_words "$current" "$(_mortise_verbs "${folder[@]}" "${words[0]}") help"
  elif ((${#words[@]} >= 2)); then
    _mortise_files "$current"
  fi
}

_mortise_own_verbs() {
  printf '%s\n' status clients client subscriptions kick retained plugins bridges reload reload-files help
}

_mortise() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=run
  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then command=${COMP_WORDS[1]}; fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
    _mortise_words "$current" "run check ctl inspect $(_mortise_brought)"
  elif [[ $command == passwd ]]; then
    _mortise_passwd "$current" "$previous"
  elif [[ $command == inspect ]]; then
    _mortise_files "$current"
  elif [[ $command == ctl ]]; then
    _mortise_ctl "$current" "$previous"
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
