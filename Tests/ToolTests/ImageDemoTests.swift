import Core
import Foundation
import Testing

/// `image-demo` on small pictures.
struct ImageDemoTests {
  private let bench: Workbench

  init() throws {
    bench = try Workbench()
    try bench.writePictures()
    try bench.run(
      "cls-train", "configs/pictures.py", "--work-dir", "work", "--seed", "1", "--cfg-options",
      "runner.max_epochs=8"
    ).succeeded()
  }

  @Test func `pictures are classified and drawn`() throws {
    let images = ["pictures/cat/00.png", "pictures/owl/01.png"]
    let run = try bench.run(
      "image-demo", "configs/pictures.py", "work/latest.pth", images[0], images[1], "--out-file",
      "shown/out.png"
    ).succeeded()
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 8 && lines[0] == images[0] && lines[4] == images[1])
    for start in [1, 5] {
      #expect(lines[start].contains(/^  [0-9] (cat|dog|owl): [01]\.[0-9]{4}$/), "\(lines[start])")
      let scores = lines[start..<(start + 3)].compactMap {
        $0.split(separator: " ").last.flatMap { Double($0) }
      }
      #expect(scores == scores.sorted(by: >) && abs(scores.reduce(0, +) - 1) < 2e-4)
    }
    #expect(bench.files("shown") == ["out_0.png", "out_1.png"])
    let drawn = try Image.read(path: bench.file("shown/out_0.png"))
    #expect(drawn.width > 18 && drawn.channels == 3)
  }

  @Test func `a picture for a model of grey pictures is read in grey`() throws {
    let digits = try Trained.digits.get().bench
    let run = try digits.run(
      "image-demo", "configs/digits.py", "work/latest.pth", bench.file("pictures/cat/00.png")
    ).succeeded()
    #expect(run.output.split(separator: "\n").count == 6)
  }

  @Test func `pictures that cannot be read`() throws {
    try bench.run("image-demo", "configs/pictures.py", "work/latest.pth", "none.png").failed(
      1, "none.png: must exist, found nothing")
    try bench.write("text", to: "text.png")
    try bench.run("image-demo", "configs/pictures.py", "work/latest.pth", "text.png").failed(
      1, "text.png: must be one of JPEG, PNG, BMP, PNM, found bytes 74 65 78 74; convert the file first")
  }
}
