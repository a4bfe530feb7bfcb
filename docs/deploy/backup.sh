#!/bin/sh
# Makes a backup in FOLDER, which is checked by restoring it, and lets go of those that are older
# than SCREENING_BACKUP_DAYS (35) days. Nothing goes unless the new one is whole.
#
#     sh docs/deploy/backup.sh FOLDER [age1...]
#
# Copy FOLDER to another machine afterwards: a backup beside the database burns with it.
set -eu
umask 077

folder=$1
shift
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
days=${SCREENING_BACKUP_DAYS:-35}

recipients=
for recipient in "$@"; do
    recipients="$recipients --recipient $recipient"
done

cd "$root"
# shellcheck disable=SC2086 # the recipients are words
"${PYTHON:-$root/.venv/bin/python}" -m flask --app wsgi.py backup \
    "$folder/screening-$(date -u +%Y%m%dT%H%M%SZ).age" $recipients
# What a killed run left goes too.
find "$folder" -maxdepth 1 -name '.screening-*.unfinished' -type f -mtime +0 -delete
find "$folder" -maxdepth 1 -name 'screening-*.age' -type f -mtime "+$days" -delete
