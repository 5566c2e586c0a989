# Chain browser and departments
chain-note = Ledger shared by all members: digests, purposes and signatures; no data, no persons
chain-height = Block height
chain-age = newest block { $age } ago
chain-receipts = Receipts
chain-receipts-note = denials included
chain-peers = { $count ->
    [one] connected with 1 department
   *[other] connected with { $count } departments
}
chain-entries = Catalogue entries
chain-requests-grants = { $requests } requested, { $grants } granted
chain-newest = Newest blocks
chain-newest-tx = Newest transactions
chain-no-tx = No transactions yet.
chain-all-blocks = All blocks
chain-facts = About this chain
chain-trust-root = Genesis digest
chain-began = Began
chain-heartbeat = Longest time between blocks
chain-own-node = Our node
chain-validators = Validators
chain-newer = Newer
chain-older = Older
block = Block
block-id = Block digest
block-transactions = Transactions
block-proposer = Proposed by
block-empty = This block has no transactions; it only shows that the chain is alive.
block-previous = Previous block
block-next = Next block
block-header = Header
block-parent = Parent block
block-next-validators = Next validators
transaction-root = Transaction root
state-root = State root
receipt-root = Receipt log root
certificate-valid = signatures valid
certificate-invalid = signatures invalid
tx-kind = Transaction
tx-department = Signed by
tx-id = Transaction id
tx-facts = Content
tx-size = Size
tx-valid-until = Could take effect until
tx-nonce = Nonce
tx-signature = Signature
tx-key = Key
tx-bytes = Bytes (hexadecimal)
tx-summary-only = Only the departments it concerns and an inspector read what it says.
signature-valid = signature valid
signature-invalid = signature invalid
key-office = office key
key-online = online key
key-sealing = sealing key
key-consensus = consensus key
department = Department
department-own = yours
department-part = Part
department-validator = Validator
department-observer = Full node
department-inspectorate = Inspectorate
department-suspended = Suspended
department-entries = Entries
department-asked = Asked
department-answered = Answered
department-keys = Key ids
departments-count = { $count ->
    [one] 1 member
   *[other] { $count } members
}
departments-note = One node per department, each with the whole ledger
