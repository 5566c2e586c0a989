# Sharing policies: layers, rules, changes, checks, simulator, preview, reach, history, drafting and countersigning
nav-rules = Sharing rules
nav-policies = Sharing policies
policies-title = Sharing policies
policies-note = Something passes only where the national, the provincial and the departmental layer allow it; a lower layer can only narrow
policies-layers = Policies by layer
policy-layer = Layer
policy-steward = Kept by
policy-steward-none = Nobody can change it; it holds as it was founded
policy-in-force = In force
policy-since = Since
policy-waits = Waiting
policy-may = You may
policy-may-read = look
policy-number = Version { $number }
policy-since-line = since { $time } (block { $height })
policy-founded = founding of the chain
policy-digest = Digest of the version
policy-rows = { $count ->
    [one] { $count } rule
   *[other] { $count } rules
}
policy-draft-waits = Draft version { $number } waits for a countersignature
policy-pending-from = Version { $number } is countersigned and holds from { $time }
policy-working-changed = { $count ->
    [one] { $count } change not signed yet
   *[other] { $count } changes not signed yet
}
policy-nothing-waits = nothing
policy-do-edit = change rules
policy-do-draft = draft
policy-do-countersign = countersign
policy-do-withdraw = withdraw
owner-national = The nation

policy-steps = Steps
policy-step-draft = Draft
policy-step-countersign = Countersignature
policy-step-enact = In force
policy-step-editing = being changed, not signed yet
policy-step-not-begun = not begun
policy-step-drafted = { $person }, signed { $time }
policy-step-somebody-else = by another security administrator
policy-step-you-may = waits for you
policy-step-countersigned = { $person }, signed { $time }
policy-step-tightens = It only narrows: in force with the countersignature’s block
policy-step-loosens = It lets more pass: in force { $span } after the countersignature
policy-step-due = from { $time }, on all nodes at once
policy-step-in-force = version { $number } is in force

policy-tabs = Parts of the policy
tab-rules = Rules
tab-diff = Changes
tab-check = Checks
tab-preview = Preview
tab-reach = Who can reach it
tab-try = Simulator
tab-history = History

policy-which = Which version
policy-which-draft = Draft
policy-which-pending = Not yet in force
policy-which-in-force = In force

rules-title = Rules
rules-order = Denials first, then what is allowed; what no rule allows is denied
rules-show = Show
rules-all = All { $count }
rules-changed = Changed only { $count }
rules-none = No rules: this layer denies everything
rules-none-changed = No change to the version in force
rules-add = Add a rule
rules-import = Import CSV
rules-export = Export CSV
rules-file = CSV
rule-id = Name
rule-who = Who
rule-what = Which data
rule-does = Does what
rule-purpose = Purpose
rule-when = Conditions
rule-result = Result
rule-change = Change
rule-edit = Edit
rule-remove = Remove
rule-any-role = any role
rule-any-department = any department
rule-inspectorates = inspectorates
rule-within = departments in { $region }
rule-any-data = any data
rule-class = entries of class { $codes }
rule-shared-as = entries shared: { $share }
rule-sensitivity = sensitivity: { $names }
rule-grade-max = up to grade { $grade }
rule-any-action = anything
rule-any-purpose = any purpose
rule-from-provider = from { $names }
rule-assurance = signed in by { $name } or better
rule-hours = hours: { $hours }
rule-zones = network zone: { $zones }
rule-allow = Allow
rule-deny = Deny
rule-unchanged = unchanged
rule-added = Added
rule-changed = Changed
rule-removed = Removed
assurance-1 = password
assurance-2 = password and code
assurance-3 = password and key

duty-mask = { $item }: { $mask }
duty-drop = { $item }: not provided
duty-clear = { $item }: may leave in clear
duty-receipt-each = on record before it is provided, one by one
duty-verify-only = only yes or no
duty-limit = { $count ->
    [one] at most { $count } row
   *[other] at most { $count } rows
}
duty-watermark = with a watermark
duty-second-person = a second person must agree
duties-none = nothing more is demanded

row-new = Add a rule
row-edit = Edit rule { $row }
row-note = Kept in your department; nothing goes on the chain before a draft is signed
row-cells = The rule
row-everything = * stands for everything; several values are separated by commas without blanks
row-save = Save the rule
row-back = Back to the rules
row-remove-title = Remove this rule
row-remove-note = Taken out of the rules being changed only; the version in force stays as it is until a draft is signed
row-hint-id = Letters, digits and hyphens, like dep-no-balance; decisions cite it, so each has its own
row-hint-role = * or codes of roles
row-hint-requester = *, or codes of departments, codes of divisions, inspectorate
row-hint-provider = *, or codes of departments or divisions
row-hint-entry-class = *, or front parts of entry codes like 307001, or share: with a kind of sharing
row-hint-items = * or codes of items
row-hint-sensitivity = * or 0 to 3
row-hint-grade-max = Highest grade of data, 1 to 4; 4 for a rule that denies
row-hint-action = * or codes of actions
row-hint-purpose = * or two-digit codes of purposes
row-hint-assurance-min = The weakest sign-in that will do; password for a rule that denies
row-hint-hours = * or hours in Chinese time like 1-5@08:00-18:00 (Monday to Friday); write what crosses midnight as two
row-hint-zones = * or network zones: small letters, digits and hyphens
row-hint-obligations = What is demanded where it allows, separated by commas; empty for a rule that denies
row-hint-effect = A denial comes before what is allowed
row-words = Words you can use
row-words-title = Words you can use
row-words-note = Codes each column takes, and what they mean
row-word = Code
row-meaning = Meaning
word-mask = the item is masked, as in mask:ZJHM=MK-ID
word-drop = the item is not provided
word-clear = a guarded item may leave in clear
word-verify-only = only yes or no
word-limit = most rows that may leave
word-watermark = the page bears a watermark
word-second-person = a second person must agree

import-policy-title = Import CSV
import-policy-note = What you import takes the place of all rules being changed; all lines are right or none is taken
import-policy-field = Paste the CSV text
import-policy-hint = One rule a line: p, then the 15 columns; lines with # are remarks. At most 200 rules and about 48 KB; for more, use zhenglian policy publish on the command line.
import-policy-button = Import
import-policy-wrong = { $count ->
    [one] One line is wrong; nothing was taken:
   *[other] { $count } lines are wrong; nothing was taken:
}
import-policy-line = Line { $line }: { $fault }
import-policy-columns = The columns in order
csv-too-large = the table is too large
csv-too-many-rows = there are too many rules
csv-malformed = not CSV; a quote may be left open
csv-not-text = not UTF-8 text
csv-kind = the first cell is not p
csv-cells = { $count } cells, where there should be 16
csv-cell = { $column }: empty, too long, or with characters that cannot be seen
csv-number = { $column }: not a number from 0 to 255
csv-effect = the result is neither allow nor deny

diff-title = Changes to version { $number }, in force
diff-between = Changes from version { $old } to version { $new }
diff-counts = { $added } added · { $changed } changed · { $removed } removed
diff-none = No changes
diff-old = Before:
diff-new = After:
diff-row = { $row } · { $change }
diff-list = Changes, rule by rule

findings-title = Checks
findings-found = { $errors ->
    [one] { $errors } error
   *[other] { $errors } errors
}, { $hints ->
    [one] { $hints } hint
   *[other] { $hints } hints
}
findings-none = Nothing was found
findings-none-note = { $count ->
    [one] { $count } rule was checked
   *[other] { $count } rules were checked
}
findings-error = error
findings-hint = hint
findings-errors-note = With errors nothing can be signed: nothing could be judged by such rules
findings-line = Row { $line } { $row }
finding-malformed = { $column }: cannot be read, so nothing could be judged by this version
finding-repeated = Another rule has this name, so nothing could be judged by this version
finding-unknown-party = No member department or division is { $what }
finding-unknown-class = No entry is of class { $what }
finding-unknown-item = No entry has the item { $what }
finding-never-matches = It can never apply, because of the column “{ $column }”
finding-shadowed = { $row } says all that it says: it changes nothing
finding-contradicted = { $row } of this layer denies all that it allows
finding-masks-clash = { $row } demands another mask for { $what }; where both apply, the item is not provided
finding-above-silent = No rule of the { $layer } layer allows this, so nothing passes
finding-above-denies = { $row } of the { $layer } layer denies this, so nothing passes
finding-unsaid = { $what } is guarded and no rule says mask or clear, so it is not provided
finding-not-compared = There are too many rules to compare each with each

column-id = Name
column-role = Role
column-requester = Requester
column-provider = Provider
column-entry-class = Class of entry
column-items = Items
column-sensitivity = Sensitivity
column-action = Action
column-purpose = Purpose
column-hours = Hours
column-zones = Network zone
column-obligations = Demands
column-effect = Result
column-grade = Grade of the data
column-assurance = Sign-in
column-grant = Grant
column-clearance = Clearance

miss-action = another action
miss-role = another role
miss-purpose = another purpose
miss-requester = another requester
miss-provider = another provider
miss-entry-class = another class of entry
miss-items = other items
miss-sensitivity = other sensitivity
miss-grade = a higher grade
miss-assurance = a weaker sign-in
miss-hours = another hour
miss-zones = another network zone
miss-grant = no live grant
miss-clearance = clearance below the grade

try-title = Simulator
try-note = The code of the door itself; nothing goes on the chain, no data are read
try-question = The question
try-entry = Which data
try-items = Items
try-items-hint = None ticked: the whole entry
try-action = Does what
try-role = Who
try-requester = Of which department
try-purpose = Purpose
try-no-purpose = none
try-clearance = Clearance
try-assurance = Sign-in
try-zone = Network zone
try-zone-hint = may be empty
try-at = When (Chinese time)
try-grant = with a live grant
try-button = Try
try-results = Results
try-in-force = Version { $number }, in force
try-other-draft = Draft, version { $number }
try-other-pending = Version { $number }, not yet in force
try-no-other = Nothing is drafted or being changed: tried by the version in force only
try-allowed = Allowed
try-denied = Denied
try-course-in-force = By the version in force
try-course-other = By the changed version
try-hit-unused = applies too; another rule had decided
try-miss = does not apply: { $why }
try-default = otherwise
try-default-used = no rule applies: denied
try-empty = Choose, then press “Try”.

preview-title = Preview
preview-note = The latest real decisions, judged again by the new version with the code of the door; no data are read
preview-scope = What is judged again
preview-last = How many of the latest decisions
preview-times = { $count } decisions
preview-button = Start the preview
preview-running = Judging again, please wait; leaving the page cancels
preview-judged = Judged again
preview-turns = Would turn
preview-from-until = Real decisions from { $from } to { $until }
preview-denied-of = { $count ->
    [one] { $count } of them to a denial
   *[other] { $count } of them to denials
}
preview-look-each = look at each before you countersign
preview-unknown = { $count ->
    [one] { $count } could not be judged again: its department has no rules in force, or the entry is gone
   *[other] { $count } could not be judged again: their department has no rules in force, or the entry is gone
}
preview-none = No decision would turn
preview-none-past = There are no decisions yet to judge again
preview-turned-first = The latest { $count } are listed
preview-time = Time
preview-who = Requester → provider
preview-what = Data · purpose
preview-old-new = In force → new
preview-by = By rule
preview-receipt = Receipt
preview-by-row = By rule
preview-by-requester = By requester
preview-count = Number
preview-reason = Rule
preview-nobody = no rule
preview-no-change = Nothing is drafted or being changed, so there is nothing to preview.
preview-took = Took { $seconds } s
turn-denied = Allowed → denied
turn-allowed = Denied → allowed
turn-stricter = more is demanded
turn-looser = less is demanded
turn-otherwise = other demands

reach-title = Who can reach it
reach-of = Who can reach { $item }
reach-note = Every role, department, purpose, sign-in, zone and hour that makes a difference is tried
reach-entry = Entry
reach-item = Item
reach-button = Look
reach-who = Who
reach-way = Way
reach-how = How it is given
reach-by = By rules
reach-nobody = Nobody can reach it
reach-else = Everybody else is denied. All need a live grant, and a clearance not below the grade.
reach-always = at any hour
reach-sometimes = only in the hours the rules name
reach-zone = network zone { $zone }
reach-purposes = for { $names }
reach-choose = Choose an entry and an item first.
reach-wait = With many members it takes some seconds; leaving the page cancels.

way-query = Query
way-verify = Verification
way-batch = Batch query
way-download = Download

history-policy-title = History
history-policy-note = Every version is on the chain; decisions and receipts can be checked by the version of their time
history-version = Version
history-drafted = Drafted
history-countersigned = Countersigned
history-in-force-from = In force
history-compare = Compare
history-old = Old
history-new = New
history-compare-button = Compare the two
history-now = in force

sign-draft-title = Sign the draft
sign-draft-note = With your signature the whole version goes on the chain and waits for another security administrator; until then it can be withdrawn
sign-draft-button = Sign and hand in
sign-reason = Reason for the change
sign-reason-hint = Needed; kept in your department, only a digest goes on the chain
sign-countersign-title = Countersign
sign-countersign-note = On the chain once you sign; after that only a new version can change it
sign-countersign-button = Agree and sign
sign-withdraw-title = Withdraw
sign-withdraw-draft-note = Takes the draft back; the version in force stays
sign-withdraw-pending-note = Takes back the version that waits; it will not come in force
sign-withdraw-button = Sign and withdraw
sign-discard-title = Drop the changes
sign-discard-note = All changes made here are lost; the rules are again those in force
sign-discard-button = Drop the changes
sign-discard-ask = I am sure
sign-tightens = This version only narrows: it holds with the countersignature’s block, and what it denies stops at once.
sign-loosens = This version lets more pass: it waits { $span } after the countersignature, until about { $time }; it can be withdrawn meanwhile.
sign-errors = { $count ->
    [one] { $count } error is to be mended before a draft can be signed.
   *[other] { $count } errors are to be mended before a draft can be signed.
}
sign-findings = { $count ->
    [one] The checks have { $count } hint; look at it first.
   *[other] The checks have { $count } hints; look at them first.
}
sign-step-up = Your second factor must have been shown within the last five minutes. If not, you are asked for it first, and what you filled in is kept.
sign-look-preview = See the preview first
policy-reason-was = Reason: { $reason }

field-zone = Network zone
field-at = When
field-item = Item

policy-title = { $owner } · { $layer } policy
policy-in-force-line = Version { $number } in force
policy-kept-by = kept by { $name }
policy-tag-in-force = Version { $number }, in force
policy-tag-draft = Draft, version { $number }
policy-tag-pending = Version { $number }, not yet in force
policy-tag-copy = Being changed, to be version { $number }
policy-which-copy = Being changed
policy-outdated = Another version came in force meanwhile. Look at the changes, then keep the rules being changed or drop them.
policy-overtaken = Another version came in force after this draft. It cannot be countersigned any more; withdraw it.
policy-aside = Signatures and facts
policy-about = About this version
policy-version = Version
policy-changed-by = Last changed by
policy-changed-by-command = command line
policy-reason-elsewhere = kept by the department that drafted it
rule-everything = everything
rule-named = { $name } ({ $code })
rule-sentence = { $effect }: { $parts }
list-semicolon = { "; " }
hours-days = { $first } to { $last }
hours-window = { $days } { $from }–{ $until }
duty-masked = masked: { $items }
diff-cell = { $column }: { $text }
csv-rule = { $column }: cannot be read, so nothing could be judged by it
csv-repeated = another line has this name
word-receipt = on record before it is provided, one by one
entry-of = { $entry } · { $provider }
try-by = denied by { $row } of the { $layer } layer
try-by-nobody = no rule of the { $layer } layer allows it
try-by-rows = by { $rows }
try-hit = applies: { $effect }
try-layer = { $layer }, version { $number }
try-other-copy = Being changed
try-elsewhere = The policies of { $name } rule this question; the changes made here do not touch it.
try-judged-at = By the three layers of { $name }, { $time }, data of grade { $grade }
try-entry-hint = After choosing another entry, try once, then choose its items
try-at-hint = Empty: now
preview-wait = It takes some seconds; leaving the page cancels
preview-stop = Cancel
preview-requester = Requester
preview-stricter = Stricter
preview-looser = Looser
preview-now-demanded = now demanded: { $duty }
preview-no-longer = no longer demanded: { $duty }
said-masked = Allow, masked
said-verify-only = Yes or no only
reach-choose-button = Choose the item
reach-more = { $count ->
    [one] { $count } more department
   *[other] { $count } more departments
}
reach-rule = { $layer } { $row }
reach-opened = Added
reach-closed = No longer
history-changes = Changes
history-until = until { $time }
sign-keep-title = Keep the changes
sign-keep-note = You have seen how they differ from what is in force; they go on from there
sign-keep-button = Keep the changes
sign-begin-title = Change the rules
sign-begin-note = Begins with the rules in force; nothing goes on the chain before a draft is signed, and what is in force stays
sign-begin-button = Begin
mistake-policy-cell = not right; see the note below it and the words you can use
mistake-policy-deny = a rule that denies holds for everyone: grade 4, password, no demands

refusal-policy-look = Sharing policies are read by approvers, inspectors, reviewers and administrators. Ask your security administrator.
refusal-policy-study = Drafts and trials are for security and audit administrators. Ask your security administrator.
refusal-policy-write = This layer is changed by the security administrators of the department that keeps it. Ask that department.
refusal-policy-copy-none = Nothing is being changed here. Begin with the version in force first.
refusal-policy-copy-moved = Somebody has just changed these rules. Look at what they are now and do it again.
refusal-policy-copy-outdated = Another version came in force meanwhile. Look at the changes, then keep the rules being changed or drop them.
refusal-policy-copy-same = The rules are the same as those in force; there is nothing to sign.
refusal-policy-row-gone = This rule is no longer among those being changed. Go back to the rules.
refusal-policy-errors = Some rules cannot be read, so nothing could be judged by them. Mend what the checks name first.
refusal-policy-too-large = The rules are more than one transaction can carry. Join or remove some.

audit-event-policy-show = Looked at policies
audit-event-policy-edit = Changed rules of a policy
audit-event-policy-import = Imported rules
audit-event-policy-export = Exported rules
audit-event-policy-draft = Drafted a policy
audit-event-policy-countersign = Countersigned a policy
audit-event-policy-withdraw = Withdrew a policy
audit-event-policy-try = Tried out a policy
audit-event-policy-preview = Previewed a policy

task-policy-draft = A draft of a policy waits for your countersignature · { $department }
task-do-policy-draft = Look at it
task-after-policy-draft = Not in force before
