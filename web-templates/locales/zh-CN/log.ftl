# 访问日志
log-scope = 检查范围：{ $count } 个部门
log-watched = 你的每次检索也会留痕
log-search = 检索条件
log-from = 开始时间
log-until = 结束时间
log-spans = 快捷时间
log-today = 今天
log-week = 近 7 天
log-month = 近 30 天
log-button = 检索
log-wrong-time = 时间写法不对，没有按它检索。应写成 2026-11-20 或 2026-11-20 08:00:00
log-found = { $count } 条记录
log-none = 没有符合条件的记录
log-none-hint = 放宽时间或去掉部分筛选条件再试。
log-noted = 本次检索已记入本部门日志第 { $number } 条
