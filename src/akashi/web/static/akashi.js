// The one script of these pages: it asks a passkey or this browser's own key for an answer, writes the answer into the form and sends it.
// It fetches nothing, builds no markup and runs no text as code. What is to be signed is on the page; the gateway checks the answer.
"use strict";

const DATABASE = "akashi-keys", STORE = "keys";

function bytesOf(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function textOf(buffer) {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function digestOf(buffer) {
  const found = await crypto.subtle.digest("SHA-256", buffer);
  return Array.from(new Uint8Array(found), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Passkeys (WebAuthn level 3): the JSON forms are written out here, so that older browsers do as well.

function credentialsOf(list) {
  return (list || []).map((one) => ({ type: "public-key", id: bytesOf(one.id) }));
}

async function getPasskey(options) {
  const found = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytesOf(options.challenge), allowCredentials: credentialsOf(options.allowCredentials) },
  });
  const response = {
    clientDataJSON: textOf(found.response.clientDataJSON),
    authenticatorData: textOf(found.response.authenticatorData),
    signature: textOf(found.response.signature),
  };
  if (found.response.userHandle) response.userHandle = textOf(found.response.userHandle);
  return { id: found.id, rawId: textOf(found.rawId), type: found.type, response, clientExtensionResults: {} };
}

async function createPasskey(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytesOf(options.challenge),
      user: { ...options.user, id: bytesOf(options.user.id) },
      excludeCredentials: credentialsOf(options.excludeCredentials),
    },
  });
  const response = {
    clientDataJSON: textOf(made.response.clientDataJSON),
    attestationObject: textOf(made.response.attestationObject),
  };
  const results = made.getClientExtensionResults();
  const told = results.credProps ? { credProps: { rk: results.credProps.rk === true } } : {};
  return { id: made.id, rawId: textOf(made.rawId), type: made.type, response, clientExtensionResults: told };
}

// This browser's own key: P-256, its private half cannot be taken out of the browser (WebCrypto, IndexedDB).

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function stored(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const request = work(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

async function makeKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
  const name = await digestOf(spki);
  await stored("readwrite", (store) => store.put(pair.privateKey, name));
  return textOf(spki);
}

async function signWith(name, message) {
  const key = await stored("readonly", (store) => store.get(name));
  if (!key) return null;
  return textOf(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, bytesOf(message)));
}

// Approving: the answer of a passkey whose challenge is the operation, or of this browser's key over the message.

async function approveByPasskey(wanted) {
  const known = wanted.keys.filter((one) => one.credential);
  const found = await getPasskey({
    rpId: wanted.rp,
    challenge: wanted.challenge,
    timeout: 120000,
    userVerification: "required",
    allowCredentials: known.map((one) => ({ id: one.credential })),
  });
  const key = known.find((one) => one.credential === found.rawId);
  return {
    operation: wanted.operation, key: key.key, kind: key.kind, signature: found.response.signature,
    authenticator_data: found.response.authenticatorData, client_data: found.response.clientDataJSON,
  };
}

async function approveByKey(wanted) {
  for (const one of wanted.keys.filter((key) => key.kind === 2)) {
    const signature = await signWith(one.key, wanted.message);
    if (signature) {
      return { operation: wanted.operation, key: one.key, kind: 2, signature, authenticator_data: "", client_data: "" };
    }
  }
  throw new Error("this browser has no such key");
}

async function approve(form, wanted) {
  const passkeys = wanted.keys.some((one) => one.credential);
  const answers = JSON.parse(form.elements.approval.value || "[]");
  const own = wanted.keys.find((one) => one.kind === 2);
  const here = own && (await holdsOne(wanted));
  answers.push(await (here || !passkeys ? approveByKey(wanted) : approveByPasskey(wanted)));
  form.elements.approval.value = JSON.stringify(answers);
}

async function holdsOne(wanted) {
  for (const one of wanted.keys.filter((key) => key.kind === 2)) {
    if (await stored("readonly", (store) => store.get(one.key))) return true;
  }
  return false;
}

// What a form with data-ceremony does before it is sent.

const CEREMONIES = {
  get: async (form, options) => { form.elements.assertion.value = JSON.stringify(await getPasskey(options)); },
  create: async (form, options) => { form.elements.answer.value = JSON.stringify(await createPasskey(options)); },
  approve,
  "make-key": async (form) => { form.elements.spki.value = await makeKey(); },
  "prove-key": async (form, options) => { form.elements.possession.value = await signWith(options.key, options.message); },
};

async function sent(event) {
  const form = event.currentTarget;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const failed = form.querySelector("[data-failed]");
  if (failed) failed.hidden = true;
  try {
    await CEREMONIES[form.dataset.ceremony](form, JSON.parse(form.dataset.options || "null"));
    HTMLFormElement.prototype.submit.call(form); // a field may be called "submit"
  } catch (error) {
    // Cancelled, timed out, or no such key here: the person may try again or choose another way.
    delete form.dataset.busy;
    if (failed) failed.hidden = false;
  }
}

function supported(ceremony) {
  if (ceremony === "make-key" || ceremony === "prove-key") return Boolean(window.crypto && crypto.subtle && window.indexedDB);
  return ceremony === "approve" || Boolean(window.PublicKeyCredential);
}

for (const form of document.querySelectorAll("form[data-ceremony]")) {
  if (!supported(form.dataset.ceremony)) continue;
  form.addEventListener("submit", sent);
  form.hidden = false;
  for (const part of document.querySelectorAll("[data-without-script]")) part.hidden = true;
}
