# Access log
log-scope = Scope: { $count ->
    [one] 1 department
   *[other] { $count } departments
}
log-watched = Your own searches are logged too
log-search = Search
log-from = From
log-until = Until
log-spans = Spans
log-today = Today
log-week = 7 days
log-month = 30 days
log-button = Search
log-wrong-time = This time could not be read and was left out. Write 2026-11-20 or 2026-11-20 08:00:00
log-found = { $count ->
    [one] 1 record
   *[other] { $count } records
}
log-none = No records fit
log-none-hint = Widen the time or remove a filter.
log-noted = This search is entry { $number } of your department's log
