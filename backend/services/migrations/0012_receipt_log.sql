-- The blocks that add leaves to the receipt log: receipts, denials and acknowledgements. Part of the read model, which is
-- filled anew from the first block, so that none is missing.
CREATE TABLE j_leaves (
  height INTEGER PRIMARY KEY
) STRICT;
UPDATE journal SET height = 0, chain = x'';
