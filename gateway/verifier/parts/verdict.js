// What a verification proved, and what it did not.

function second(nanoseconds) {
  return new Date(Number(nanoseconds / NANO) * 1000).toISOString().replace(".000Z", "Z");
}

function verdict(found) {
  const { consent, consentAnchor, headerA, receipt, records, trust } = found;
  return {
    chain: trust.chain,
    engine: trust.engine,
    owner: consent.parties.owner.id,
    bank: receipt.aud,
    gateway: receipt.iss,
    consent: consent.consent,
    version: consent.version,
    granted_height: consentAnchor.block.header.height,
    granted_at: second(consentAnchor.block.next.time),
    pulled_at: second(BigInt(receipt.iat) * NANO),
    keys_height: headerA.height,
    keys_at: second(headerA.time),
    records: records.map((record) => ({
      product: record.product.name,
      version: record.product.version,
      provider: record.provider,
      level: record.level,
      anchored_height: record.anchor.block.header.height,
      anchored_at: second(record.anchor.block.next.time),
      claims: record.claims,
    })),
    omitted: receipt.omitted,
    caveats: caveats(found),
  };
}

function caveats({ consent, receipt, records, trust }) {
  const gateway = receipt.iss;
  const attested = records.filter((record) => record.level === "gateway_attested").length;
  const limited = consent.data.identifiers.length > 0 || Object.keys(consent.data.period ?? {}).length > 0;
  return [
    "checker" in consent.proof
      ? `Two passkeys signed. That they are of two people of the owner rests on the word of ${gateway}, which enrolled them.`
      : `That the passkey is the owner's rests on the word of ${gateway}, which enrolled it.`,
    "Whether the consent was revoked since cannot be seen in a file.",
    limited && `That the records are of the documents and days in the consent rests on the word of ${gateway}.`,
    attested && `${attested} of ${records.length} records are gateway_attested: ${gateway} sealed what was pushed to it.`,
    trust.engine === "embedded"
      && `The ledger is embedded: its history rests on the word of one operator, ${gateway}.`,
  ].filter(Boolean);
}
