import Console
import Prometheus
import Testing

@Suite struct AcceptedFormatTests {
    @Test(arguments: [
        [],
        ["*/*"],
        ["text/plain"],
        ["text/plain;version=0.0.4;q=0.5,*/*;q=0.1"],
        ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
        ["application/openmetrics-text;q=0"],
        ["application/openmetrics-text;q=zero"],
        ["application/openmetrics-text;version=2.0.0"],
        ["application/openmetrics-text;q=0.4, text/plain;q=0.5"],
        ["application/vnd.google.protobuf;encoding=delimited"],
        [",,;;=,q=1"],
    ])
    func `text 0.0.4 is what everyone gets who does not prefer OpenMetrics`(fields: [String]) {
        #expect(AcceptedFormat.choose(fields) == .prometheus)
    }

    @Test(arguments: [
        ["application/openmetrics-text"],
        ["application/openmetrics-text; version=1.0.0; charset=utf-8"],
        ["Application/OpenMetrics-Text; Version=\"0.0.1\""],
        // Prometheus 2 and 3.
        [
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                + "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        ],
        [
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        ],
        ["text/plain;q=0.5", "application/openmetrics-text;q=0.6"],
        ["text/plain", "application/openmetrics-text"],
    ])
    func `whoever prefers OpenMetrics gets it`(fields: [String]) {
        #expect(AcceptedFormat.choose(fields) == .openMetrics)
    }
}
