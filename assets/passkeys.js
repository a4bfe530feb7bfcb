// Signs in, confirms and registers with a passkey. Without it there is the password.
const known = () => window.isSecureContext && "PublicKeyCredential" in window;

export function passkeys(root) {
  const forms = root.querySelectorAll("form[data-passkey]");
  if (!known()) {
    for (const note of root.querySelectorAll(".passkey__unknown")) note.hidden = false;
    return;
  }
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run(form);
    });
  }
}

async function run(form) {
  const problem = form.querySelector(".passkey__problem");
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  problem.hidden = true;
  try {
    const answer = await fetch(form.dataset.challenge, { method: "POST", body: asForm(form) });
    if (answer.redirected) {
      // Signed out, or the password is asked for again.
      window.location.assign(answer.url);
      return;
    }
    const credential = await ask(form.dataset.passkey, await answer.json());
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    // Cancelled, not in time, no such passkey: the browser does not say which.
    problem.hidden = false;
  } finally {
    delete form.dataset.busy;
  }
}

/** Without the name of the passkey: it is for the second step. */
function asForm(form) {
  const fields = ["csrf_token", "back"].map((name) => [name, form.elements[name].value]);
  return new URLSearchParams(fields);
}

async function ask(what, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    publicKey[list] = (options[list] || []).map((one) => ({ ...one, id: bytes(one.id) }));
  }
  if (what === "get") return told(await navigator.credentials.get({ publicKey }));
  publicKey.user = { ...options.user, id: bytes(options.user.id) };
  return told(await navigator.credentials.create({ publicKey }));
}

/** The answer as JSON: not every browser has toJSON. */
function told(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature"];
  const said = {};
  for (const part of [...parts, "userHandle"]) if (response[part]) said[part] = text(response[part]);
  if (response.getTransports) said.transports = response.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: said };
}

function bytes(base64url) {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
