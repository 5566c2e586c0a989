# Frame: top bar, side bar, footer, times and units
language-name = English
product-name = Zhenglian · Government Data Sharing
product-short = Zhenglian
seal-upper = 政
seal-lower = 链
demo-data = Demo data
demo-data-note = All people, accounts and numbers on these pages are invented
skip-to-main = Skip to main content
main-navigation = Main navigation
open-menu = Open menu
close-menu = Close menu
printed-by = Printed by { $name } · { $role } · { $department } · { $time } +08:00

nav-home = Home
nav-use = Use data
nav-catalogue = Catalogue
nav-requests = My requests
nav-grants = My grants
nav-queries = Queries
nav-receipts = Receipts
nav-provide = Provide data
nav-approvals = Approvals
nav-grants-given = Grants given
nav-inspect = Inspect
nav-log = Access log
nav-manage = Accounts
nav-staff = People and roles
nav-watch = Audit
nav-audit = Audit log
nav-ledger = Shared ledger
nav-chain = Browse the chain
nav-departments = Departments
waiting-sr = waiting
watched-note = Sign-ins, views and actions are logged
last-sign-in = Last sign-in

find-label = Find
find-hint = Receipt, request, grant, case, entry
find-none = Nothing has this number or name
find-what = Here you find receipts (HZ-…), requests (SQ-…), grants (SQD-…), your own cases, entries of the catalogue, blocks and transactions, as far as you may see them.
find-no-person = People are not looked up here: start a query from a grant in force.
theme-button = Display: now { $now }, press for { $next }
theme-light = light
theme-dark = dark
theme-auto = as the system
acting-as = Current role
switch-to = Switch to { $role }
sign-out = Sign out

chain-fine = Chain OK
chain-late = Chain behind
chain-line = height { $height } · { $age } ago
chain-behind = The ledger here is { $age } behind (height { $height }).
chain-behind-effect = You can read; submitting and querying wait until it has caught up.

span-seconds = { $count } s
span-minutes = { $count } min
span-hours = { $count } h
span-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
date-long = { $weekday }, { $day } { $monthname } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
dash = –
unit-items = { $count ->
    [one] { $count } item
   *[other] { $count } items
}
unit-cases = { $count ->
    [one] { $count } request
   *[other] { $count } requests
}
unit-times = { $count ->
    [one] { $count } query
   *[other] { $count } queries
}
unit-rows = { $count ->
    [one] { $count } row
   *[other] { $count } rows
}
unit-blocks = { $count ->
    [one] { $count } block
   *[other] { $count } blocks
}
quoted = “{ $text }”
yes = Yes
no = No
none = None
all = All

pager-label = Pages
pager-range = { $first }–{ $last } of { $total }
pager-previous = Previous
pager-next = Next
crumbs-label = You are here
sort-newest = Newest first

# People: colleagues of one's own department by name, others only by role and pseudonym
person-pseudonym = pseudonym { $pseudonym }
person-foreign-note = People of other departments appear by role and pseudonym only. To learn who it was, ask for disclosure within an inspection.

# Mistakes in a form
mistakes-title = { $count ->
    [one] One field needs a change
   *[other] { $count } fields need a change
}
mistake-line = { $field }: { $mistake }
copy = Copy
copied = Copied
copy-link = Copy link
print = Print
cancel = Cancel
list-comma = { ", " }
