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

# The rows of `mortise ctl --help` below a heading: verbs are read from there, so that they are known without a broker.
_mortise_usage() {
  mortise ctl --help 2>/dev/null | awk -v heading="$1:" '$0 == heading {on = 1; next} !/^  / {on = 0} on'
}

# What the running broker of the caller's `folder` answers; a hanging one holds nobody up for long.
_mortise_ask() {
  timeout 10 mortise ctl "${folder[@]}" "$@" 2>/dev/null
}

# The first column of that: verbs, instances of plugins, or arguments.
_mortise_names() {
  _mortise_ask "$@" | awk 'NR > 1 && $1 != "" {print $1}' | sort -u
}

# Clients choose their identifiers: none may reach compgen -W, which expands what it is given, and those that would have
# to be quoted are left out.
_mortise_clients() {
  mapfile -t COMPREPLY < <(_mortise_ask clients ${1:+"--id=$1"} | sed -n '2,$s|^\([A-Za-z0-9._/-]\{1,\}\)  .*|\1|p')
}

_mortise_value() {
  case $1 in
    --state-dir)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$2")
      ;;
    --sort)
      _mortise_words "$2" "$(timeout 10 mortise ctl "${folder[@]}" clients --sort=none-such 2>&1 |
        sed -n 's/.*sort by one of //p' | tr -d ,)"
      ;;
    --id) _mortise_clients "$2" ;;
    --*) ;;
    *) _mortise_files "$2" ;;
  esac
}

_mortise_ctl() {
  local current=$1 previous=$2 option='' folder=() words=() verbs row names at
  for ((at = 2; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      --state-dir | --wait)
        option=${COMP_WORDS[at]}
        if [[ ${COMP_WORDS[at + 1]} == = ]]; then ((at++)); fi
        if ((++at < COMP_CWORD)); then
          if [[ $option == --state-dir ]]; then
            folder=(--state-dir "${COMP_WORDS[at]}")
            [[ ${folder[1]} != "~/"* ]] || folder[1]=$HOME/${folder[1]:2}
          fi
          option=''
        fi
        ;;
      =) ((at++)) ;;  # bash has it as a word of its own
      -*) ;;
      *) words+=("${COMP_WORDS[at]}") ;;
    esac
  done
  if [[ $current == = ]]; then
    option=$previous current=''
  elif [[ $previous == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $option ]]; then
    _mortise_value "$option" "$current"
    return
  fi

  verbs=$(_mortise_usage Verbs)
  row=$(awk -v verb="${words[0]}" '$1 == verb' <<<"$verbs")
  if [[ $current == -* ]]; then
    names=$(_mortise_usage Options | awk '{print $1}')
    if [[ $row ]]; then
      names+=" $(grep -o -e '--[a-z][a-z-]*=\?' <<<"$row")"
    elif ((${#words[@]} >= 2)); then
      names+=" $(_mortise_names "${words[0]}" help "${words[1]}" | sed 's/.*/--&=/')"
    fi
  elif ((${#words[@]} == 0)); then
    names="$(awk '{print $1}' <<<"$verbs") $(_mortise_names help)"
  elif [[ $row ]]; then
    ((${#words[@]} == 1)) || return
    case $(awk '{print $2}' <<<"$row") in
      ID) _mortise_clients "$current" ;;
      NAME) names=$(_mortise_names plugins) ;;
      '[VERB]') names="$(awk '{print $1}' <<<"$verbs") $(_mortise_names help)" ;;
    esac
  elif ((${#words[@]} == 1)) || [[ ${#words[@]} == 2 && ${words[1]} == help ]]; then
    names="help $(_mortise_names "${words[0]}")"
  else
    names=$(_mortise_names "${words[0]}" help "${words[1]}" | sed 's/$/=/')
  fi
  if [[ $names ]]; then _mortise_words "$current" "$names"; fi
  if ((${#COMPREPLY[@]} == 0 && ${#words[@]} >= 2)) && [[ ! $row ]]; then _mortise_files "$current"; fi
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
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
