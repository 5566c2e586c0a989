# Worklist
home-due-today = { $count ->
    [one] 1 approval due today
   *[other] { $count } approvals due today
}
home-tasks = Waiting for me
home-by-deadline = By deadline
home-no-tasks = Nothing waits for you
home-no-tasks-hint = New requests, decisions and reminders appear here.
home-refreshed = Refreshes every 60 s · updated { $time }
home-requests = Progress of my requests
home-all-requests = All requests
home-aside = Shortcuts and figures
home-frequent = Frequent queries
home-provided = Queries of our data
home-last-days = last { $count } days
home-receipts = Latest receipts
figure-requests = Open requests
figure-requests-note = { $count } refused in 14 days
figure-grants = Grants in force
figure-grants-note = { $count ->
    [one] 1 ends within 7 days
   *[other] { $count } end within 7 days
}
figure-asked = Queries today
figure-asked-note = Each has a receipt
figure-answered = Queries of our data today
figure-answered-note = Answers and denials on chain
figure-decide = Waiting for my decision
figure-decide-note = { $count } due today or overdue
figure-inspected = Accesses today
figure-inspected-note = On chain, within your scope
task-decide = { $department } requests “{ $entry }”
task-refused = Request refused: “{ $entry }” · { $department }
task-renew = Grant ends soon: “{ $entry }” · { $department }
task-granted = New grant: “{ $entry }” · { $department }
task-revoked = Grant ended early: “{ $entry }” · { $department }
task-failed = Query without an answer: “{ $entry }” · { $department }
task-do-decide = Review
task-do-refused = See why
task-do-renew = View
task-do-granted = Use it
task-do-revoked = See why
task-do-failed = See why
task-after-decide = Overdue ones are counted
task-after-refused = Meet the condition, then ask again
task-after-renew = No queries after that
task-after-granted = Nobody has queried yet
task-after-revoked = No more queries; ask again if needed
task-after-failed = Query again if needed
due-on = Ends { $day }
chart-title = Accesses per day
chart-answered = Answered
chart-denied = Denied
chart-day = Day
chart-as-table = View as a table
chart-region = Chart of accesses, scrolls sideways
chart-finding = { $answered } answered, { $denied } denied; most on { $day }: { $count }.
chart-nothing = No accesses in this time.
bound-at-once = queries at once
bound-per-hour = queries an hour
bound-share = share of one grant
alarm-bound = { $name } reached a bound: { $bound }
alarm-times = { $count ->
    [one] 1 query turned away
   *[other] { $count } queries turned away
}
alarm-last = Last at { $time }
alarm-after = Ask the officer why
alarm-do = View account
