import Pipeline
import Testing

/// Mistakes in load profiles.
@Suite struct PipelineDocumentLoadTests {
    @Test(arguments: Self.rows)
    func `a mistake in a load profile is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(adding: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "a load without a shape",
            #"""
              load: {rate: 5}
            """#,
            #"""
            7:9: a load needs the key 'shape'; expected one of constant, ramp, step, spike, \#
            diurnal
            """#
        ),
        MistakeRow(
            "a misspelt key of the shape",
            #"""
              load: {shap: constant, rate: 5}
            """#,
            #"""
            7:10: unknown key 'shap' in a load; did you mean 'shape'?
            """#
        ),
        MistakeRow(
            "a shape that is misspelt",
            #"""
              load: {shape: constnt, rate: 5}
            """#,
            #"""
            7:17: 'shape' is 'constnt'; did you mean 'constant'?
            """#
        ),
        MistakeRow(
            "a rate of zero",
            #"""
              load: {shape: constant, rate: 0}
            """#,
            #"""
            7:33: 'rate' is 0; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "a negative rate",
            #"""
              load: {shape: constant, rate: -5}
            """#,
            #"""
            7:33: 'rate' is -5; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "an absurd rate",
            #"""
              load: {shape: constant, rate: 1e10}
            """#,
            #"""
            7:33: 'rate' is 1e10; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "an infinite rate",
            #"""
              load: {shape: constant, rate: .inf}
            """#,
            #"""
            7:33: 'rate' is '.inf'; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "a rate beyond floating point",
            #"""
              load: {shape: constant, rate: 1e999}
            """#,
            #"""
            7:33: 'rate' is 1e999; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "a rate in quotes",
            #"""
              load: {shape: constant, rate: "5"}
            """#,
            #"""
            7:33: 'rate' is '5'; expected events per second, from 0.000001 to 1000000000, \#
            without quotes
            """#
        ),
        MistakeRow(
            "a rate that is a word",
            #"""
              load: {shape: constant, rate: fast}
            """#,
            #"""
            7:33: 'rate' is 'fast'; expected events per second, from 0.000001 to 1000000000
            """#
        ),
        MistakeRow(
            "a key of another shape",
            #"""
              load: {shape: constant, rate: 5, peak: 7}
            """#,
            #"""
            7:36: unknown key 'peak' in a constant load; expected one of shape, rate, arrivals
            """#
        ),
        MistakeRow(
            "a ramp without its duration",
            #"""
              load: {shape: ramp, from: 1, to: 5}
            """#,
            #"""
            7:9: a load ramp needs the key 'over'
            """#
        ),
        MistakeRow(
            "a first step that is late",
            #"""
              load: {shape: step, steps: [{at: 1s, rate: 5}]}
            """#,
            #"""
            7:36: the first step is at 1s; expected it at 0s
            """#
        ),
        MistakeRow(
            "steps out of order",
            #"""
              load: {shape: step, steps: [{at: 0s, rate: 5}, {at: 2m, rate: 0}, {at: 60s, \#
            rate: 5}]}
            """#,
            #"""
            7:74: the step at 1m does not follow the one at 2m; expected steps in order
            """#
        ),
        MistakeRow(
            "no steps",
            #"""
              load: {shape: step, steps: []}
            """#,
            #"""
            7:30: 'steps' is an empty list; expected at least one step, at 0s
            """#
        ),
        MistakeRow(
            "a spike of no length",
            #"""
              load: {shape: spike, base: 0, peak: 5, at: 1m, for: 0s}
            """#,
            #"""
            7:55: 'for' is '0s'; expected a duration from 1ms to 36500d, such as 600s, 0.1s, \#
            250ms, 10m, 2h or 7d
            """#
        ),
        MistakeRow(
            "an amplitude above 1",
            #"""
              load: {shape: diurnal, mean: 5, amplitude: 1.5, period: 1d}
            """#,
            #"""
            7:46: 'amplitude' is 1.5; expected a number from 0 to 1
            """#
        ),
        MistakeRow(
            "arrivals of an unknown kind",
            #"""
              load: {shape: constant, rate: 5, arrivals: random}
            """#,
            #"""
            7:46: 'arrivals' is 'random'; expected one of uniform, poisson
            """#
        ),
    ]
}
