// Runs the passkey ceremony of a form, then sends the form with the passkey's answer.
"use strict";

const form = document.querySelector("form[data-passkey]");
const options = JSON.parse(document.getElementById("passkey-options").textContent);
const trouble = document.getElementById("passkey-trouble");

async function ask(kind) {
  if (kind === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  trouble.hidden = true;
  const button = event.submitter || form.querySelector("button");
  button.disabled = true;
  try {
    const credential = await ask(form.dataset.passkey);
    form.elements.passkey.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    button.disabled = false;
    trouble.hidden = false;
    trouble.focus();
  }
});
