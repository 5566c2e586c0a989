# Catalogue
catalogue-title = Catalogue
catalogue-size = { $entries ->
    [one] 1 entry
   *[other] { $entries } entries
} on the chain, from { $providers ->
    [one] 1 department
   *[other] { $providers } departments
}
catalogue-search = Search the catalogue
catalogue-search-hint = Name, summary, field, code or department
catalogue-found = { $count ->
    [one] 1 entry found
   *[other] { $count } entries found
}
catalogue-none = No entries
catalogue-none-for = Nothing found for “{ $q }”
catalogue-none-hint = Try another word or remove a filter.
filters = Filters
filters-clear = Clear all
filters-apply = Apply filters
filters-done = Show results
filter-remove = remove this filter
facet-share = Sharing
facet-mode = Way of use
facet-region = Region
facet-provider = Provider
facet-grade = Data grade
published-on = Published
open = Open
entry = Entry
entry-own = Your own data
entry-look = View and request
entry-live-grants = { $count ->
    [one] You hold 1 grant in force
   *[other] You hold { $count } grants in force
}
entry-version = Version { $version }
entry-request = Request
entry-no-request = You cannot request it
entry-not-latest = This is not the latest version.
entry-to-latest = See version { $version }
entry-summary = Summary
entry-items = Items
entry-conditions = Conditions of sharing
entry-no-conditions = No further conditions.
entry-conditions-note = A provider may refuse only under a published condition.
entry-facts = About this entry
entry-cycle = Updates
entry-receipts = Receipts
entry-basis = Legal basis
entry-answer-days = Time to answer
entry-our-grants = Our grants in force
entry-versions = Versions
item-name = Item
item-grade = Grade
item-type = Type
item-use = Use
item-mask = Mask
item-key = search by
item-returned = returned
item-verify-only = yes-no only
working-days = { $count ->
    [one] 1 working day
   *[other] { $count } working days
}
deadline-default = system default
deadline-limit = limit { $count ->
    [one] 1 working day
   *[other] { $count } working days
}
deadline-provisional = holidays not announced yet, counted as weekdays
due-today = due today { $time }
due-over = { $count ->
    [one] overdue by 1 working day
   *[other] overdue by { $count } working days
}
due-left = { $count ->
    [one] 1 working day left
   *[other] { $count } working days left
}
block-no = Block { $height }
