# 外框:顶栏、侧栏、页脚、时间与单位
language-name = 中文
product-name = 政链 · 政务数据共享平台
product-short = 政务数据共享平台
seal-upper = 政
seal-lower = 链
demo-data = 演示数据
demo-data-note = 页面上的人员、单位账户和号码均为虚构
skip-to-main = 跳到正文
main-navigation = 主导航
open-menu = 打开菜单
close-menu = 收起菜单
printed-by = 打印人 { $name } · { $role } · { $department } · { $time } +08:00

nav-home = 工作台
nav-use = 使用数据
nav-catalogue = 数据目录
nav-requests = 我的申请
nav-grants = 我的授权
nav-queries = 查询记录
nav-receipts = 回执
nav-provide = 提供数据
nav-approvals = 审批
nav-grants-given = 已给出的授权
nav-inspect = 监督检查
nav-log = 访问日志
nav-ledger = 成员共有账本
nav-chain = 链上浏览
nav-departments = 成员部门
waiting-sr = 件待办
watched-note = 登录、查看与操作均留痕
last-sign-in = 上次登录

find-label = 查找
find-hint = 回执、申请、授权单、办件编号，目录
find-none = 没有找到
find-what = 这里可查：回执（HZ-…）、申请（SQ-…）、授权单（SQD-…）、你本人查询的办件编号、目录、区块与交易，且限于你可以查看的。
find-no-person = 姓名和证件号码不在这里查：请从有效的授权单发起查询。
theme-button = 显示设置：现为{ $now }，点按改为{ $next }
theme-light = 浅色
theme-dark = 深色
theme-auto = 跟随系统
acting-as = 当前角色
switch-to = 切换为{ $role }
sign-out = 退出登录

chain-fine = 链正常
chain-late = 链落后
chain-line = 高度 { $height } · { $age }前
chain-behind = 链上数据落后 { $age }（高度 { $height }）。
chain-behind-effect = 可以查看，暂时不能提交和查询；恢复后自动可用。

span-seconds = { $count } 秒
span-minutes = { $count } 分钟
span-hours = { $count } 小时
span-days = { $count } 天
date-long = { $year } 年 { $month } 月 { $day } 日 { $weekday }
month-1 = 1 月
month-2 = 2 月
month-3 = 3 月
month-4 = 4 月
month-5 = 5 月
month-6 = 6 月
month-7 = 7 月
month-8 = 8 月
month-9 = 9 月
month-10 = 10 月
month-11 = 11 月
month-12 = 12 月
weekday-1 = 星期一
weekday-2 = 星期二
weekday-3 = 星期三
weekday-4 = 星期四
weekday-5 = 星期五
weekday-6 = 星期六
weekday-7 = 星期日
dash = –
unit-items = { $count } 项
unit-cases = { $count } 件
unit-times = { $count } 次
unit-rows = { $count } 条
unit-blocks = { $count } 个区块
quoted = 「{ $text }」
yes = 是
no = 否
none = 无
all = 全部

pager-label = 翻页
pager-range = 第 { $first }–{ $last } 条，共 { $total } 条
pager-previous = 上一页
pager-next = 下一页
crumbs-label = 位置
sort-newest = 最新在前

# 人:本单位同事用姓名,其他部门只用角色和代号
person-pseudonym = 代号 { $pseudonym }
person-foreign-note = 其他部门的人员只显示角色和代号；确需知道是谁，依检查事项申请核实。

# 填写有误
mistakes-title = 有 { $count } 处需要修改
mistake-line = { $field }：{ $mistake }
copy = 复制
copied = 已复制
copy-link = 复制链接
print = 打印
cancel = 取消
list-comma = 、
