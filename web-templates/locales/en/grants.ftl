# Grants
grants-sides = Direction
grants-held = Held by us
grants-given = Given by us
grants-held-note = What your department may query under, by end date
grants-given-note = What others may query your data under
grants-none = No grants
grants-none-hint = Request data in the catalogue
grants-none-given = Grants appear here once you approve a request.
unit-grants = { $count ->
    [one] 1 grant
   *[other] { $count } grants
}
grant-status = Status
grant-ending = ends soon
grant-used = Used
grant-used-of = { $used } of { $quota }
grant-of-quota = of { $quota }
grant-left = { $count ->
    [one] 1 query left
   *[other] { $count } queries left
}
grant-line = { $requester } may query data of { $provider }
grant-scope = Scope
grant-rows = Rows
grant-items = Fields
grant-facts = Use and approval
grant-approval = Approval
grant-policy-note = Versions of the three policies it was judged under
grant-records = Latest use
grant-records-none = Not used yet.
grant-no-query = No query is possible
grant-ask-anew = Request again
grant-revoked-for = Revoked: { $reason }
revoke-title = Revoke the grant
revoke-reason = Reason
revoke-note = Signed for your department, in force at once, cannot be undone; the requester sees it.
revoke-button = Revoke and sign
