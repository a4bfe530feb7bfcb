#!/bin/sh
# Builds screening/web/static from the kit and our theme. Run it after a change in assets/, or when a
# template takes up another class of the kit, and commit what it writes; CI builds again and compares. Users of the product need neither this nor node.
set -eu
cd "$(dirname "$0")"
out=../screening/web/static

npm ci --no-audit --no-fund --loglevel=error
sass=node_modules/.bin/sass
esbuild=node_modules/.bin/esbuild
banner='/*! Parts of govuk-frontend 6.6.0, MIT, Copyright (C) 2017 Crown Copyright (Government Digital Service): see LICENSE-govuk-frontend.txt */'

mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$sass" --no-source-map --quiet-deps --style=compressed kit.scss "$work/whole-kit.css"
node unused.mjs "$work/whole-kit.css" "$work/kit.css"
"$sass" --no-source-map --quiet-deps --style=compressed kit-staff.scss "$work/whole-staff.css"
# Without the kit's colours: loaded after the theme's, they would undo it and a clinic's own.
sed 's/:root{[^}]*}//g' "$work/whole-staff.css" > "$work/kit-staff.css"
cat "$work/kit.css" theme/*.css > "$work/screening.css"
cat "$work/kit-staff.css" theme/staff/*.css > "$work/staff.css"
for sheet in screening staff; do # a telephone does not load what only staff pages use
  "$esbuild" "$work/$sheet.css" --minify --log-level=warning --target=chrome109,firefox109,safari15.4 \
    --legal-comments=none --banner:css="$banner" --outfile="$out/$sheet.css"
done
for module in screening staff; do
  "$esbuild" "$module.js" --bundle --format=esm --minify --log-level=warning --target=es2020 \
    --legal-comments=none --banner:js="$banner" --outfile="$out/$module.js"
done
cp images/logo.svg images/favicon.svg LICENSE-govuk-frontend.txt "$out/"
