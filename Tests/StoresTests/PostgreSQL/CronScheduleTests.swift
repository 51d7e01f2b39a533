import PostgreSQLStores
import Testing
import Timekeeping

/// Which intervals cron can keep to.
struct CronScheduleTests {
    @Test(arguments: [
        (60, "* * * * *"), (300, "*/5 * * * *"), (1800, "*/30 * * * *"), (3600, "0 * * * *"),
        (21_600, "0 */6 * * *"), (86_400, "0 0 * * *"),
    ])
    func `what divides an hour or a day has an expression`(
        seconds: Int,
        expression: String
    ) throws {
        let schedule = try #require(CronSchedule(every: .seconds(seconds)))
        #expect(schedule.expression == expression)
        #expect(CronSchedule(expression: expression) == schedule)
    }

    @Test(arguments: [(1, 60), (2700, 1800), (2701, 3600), (100_000, 86_400)])
    func `what does not has one near it`(seconds: Int, nearest: Int) {
        #expect(CronSchedule(every: .seconds(seconds)) == nil)
        #expect(CronSchedule.nearest(to: .seconds(seconds)).interval == .seconds(nearest))
        #expect(CronSchedule(expression: "*/7 * * * *") == nil)
    }
}
