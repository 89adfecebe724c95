# What the four scenarios have in common; their scripts source it. FOLDER is where `prepare` has put the configuration.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[1]}")")" && pwd)
scenario=${here##*/}
folder=${1:?"usage: ${0##*/} FOLDER"}
port=${PORT:-1883}          # of the listener without TLS
tls_port=${TLS_PORT:-8883}  # of the one with
patience_s=${PATIENCE_S:-60}

# begin_folder: the shipped configuration in FOLDER, which is new.
begin_folder() {
  local config
  for config in "$here/../../../config" /usr/share/mortise/config; do
    if [[ -f $config/$scenario.yaml ]]; then break; fi
  done
  mkdir "$folder"
  cp "$config/${scenario%-telemetry}"*.yaml "$folder/"
}

# make_user GROUP NAME: a user with a password of chance, which stays in FOLDER/NAME.password.
make_user() {
  (umask 077 && openssl rand -hex 16 >"$folder/$2.password")
  local users=("$folder"/*-users.yaml)
  "${MORTISE:-mortise}" passwd --group "$1" "${users[0]}" "$2" <"$folder/$2.password"
}

# tell_next_step: what to do with what `prepare` has made.
tell_next_step() {
  printf 'Now start the broker:\n  mortise run --config %s/%s.yaml --state-dir %s/state\n' "$folder" "$scenario" "$folder"
}

# as USER: sets `words`, with which a client of Mosquitto connects as USER to the listener without TLS.
as() {
  words=(-h 127.0.0.1 -p "$port" -V 5 -u "$1" -P "$(<"$folder/$1.password")")
}

# over_tls FILE: turns `words` to the listener with TLS, and believes the certificates in FOLDER/FILE.
over_tls() {
  words+=(-p "$tls_port" --cafile "$folder/$1")
}

# resume_session CLIENT_ID TOPIC…: makes `words` those of a client whose session outlives its connections.
resume_session() {
  local topic
  words+=(-i "$1" -c -q 1)
  for topic in "${@:2}"; do words+=(-t "$topic"); done
}

# keep_session CLIENT_ID TOPIC…: the same, and subscribes: from here on the broker keeps what comes.
keep_session() {
  resume_session "$@"
  timeout "$patience_s" mosquitto_sub "${words[@]}" -E
}

# receive COUNT: prints what comes for `words`, as "topic payload", until there were COUNT of them. Subscribing once more
# brings what is retained once more, which -R leaves out.
receive() {
  timeout "$patience_s" mosquitto_sub "${words[@]}" -R -C "$1" -F '%t %p'
}

# expect_refusal WHAT COMMAND…: says that the broker refused WHAT; ends the script if it did not.
expect_refusal() {
  local what=$1 said
  said=$(timeout "$patience_s" "${@:2}" 2>&1) || true
  if [[ $said != *[Nn]ot\ authorized* && $said != *denied* ]]; then
    printf '%s was not refused\n' "$what" >&2
    exit 1
  fi
  printf '%s is refused\n' "$what"
}
