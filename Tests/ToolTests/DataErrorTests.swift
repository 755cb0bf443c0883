import Core
import Foundation
import Testing

/// Data that are missing, empty or damaged: the file is named, and nothing is left out silently.
struct DataErrorTests {
  private let bench: Workbench

  init() throws {
    bench = try Workbench()
    try bench.writePictures()
  }

  private func train(_ config: String, _ more: String...) throws -> Execution {
    try bench.start("cls-train", ["configs/\(config).py", "--work-dir", "work", "--seed", "1"] + more).wait()
  }

  @Test func `files that are not there`() throws {
    try train("digits").failed(
      1,
      "digits/train-images-idx3-ubyte: no such file, nor digits/train-images-idx3-ubyte.gz; "
        + "download the data set into this folder")
    try train("pictures", "--cfg-options", "data.train.data_prefix=nowhere").failed(
      1, "nowhere: must be a folder that can be read")
  }

  @Test func `a folder without pictures`() throws {
    try bench.makeFolder("empty/cat")
    try train("pictures", "--cfg-options", "data.train.data_prefix=empty").failed(
      1,
      "empty: the data set is empty: no files with .jpg, .jpeg, .png, .ppm, .bmp, .pgm, .tif in folders below this one"
    )
  }

  @Test func `a file of MNIST that was cut off`() throws {
    try bench.writeDigits(train: 20, test: 10)
    let file = bench.file("digits/train-images-idx3-ubyte")
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    try whole.prefix(1000).write(to: URL(fileURLWithPath: file))
    try train("digits").failed(
      1, "digits/train-images-idx3-ubyte: must hold 15680 bytes for sizes [20, 28, 28], found 984")
  }

  @Test func `labels that are no classes`() throws {
    try bench.write("cat/00.png 0\ndog/01.png 3\n", to: "list.txt")
    try train("pictures", "--cfg-options", "data.train.ann_file=list.txt").failed(
      1,
      "configs/pictures.py:2: model: labels must be in 0..<3 (the model's classes), found 3 for item 1 of the data set"
    )
    try bench.write("cat/00.png 0\ndog/01.png one\n", to: "list.txt")
    try train("pictures", "--cfg-options", "data.train.ann_file=list.txt").failed(
      1, "list.txt:2: must be 'path label' with a whole number for a label, found 'dog/01.png one'")
  }

  @Test func `a damaged picture among good ones stops the training, unless it may be left out`() throws {
    let file = URL(fileURLWithPath: bench.file("pictures/dog/05.png"))
    try Data(contentsOf: file).prefix(300).write(to: file)
    let complaint = "pictures/dog/05.png: damaged PNG: the data end early; the file may have been cut off"
    for workers in 0...1 {
      try train("pictures", "--cfg-options", "data.workers_per_gpu=\(workers)").failed(1, complaint)
      #expect(bench.files("work").filter { $0.hasSuffix(".pth") }.isEmpty)
    }
    let run = try train("pictures", "--skip-bad-samples", "--no-validate").succeeded()
    let warning = "- mmcls - WARNING - left out a sample that cannot be read: \(complaint)\n"
    #expect(run.errors.contains(warning))
    #expect(bench.files("work").contains("epoch_2.pth"))
  }

  @Test func `a work directory that cannot be made`() throws {
    try bench.write("text", to: "file")
    let run = try bench.run("cls-train", "configs/pictures.py", "--work-dir", "file/work")
    #expect(run.status == 1 && run.complaint.contains("file/work"), "\(run.complaint)")
  }
}
