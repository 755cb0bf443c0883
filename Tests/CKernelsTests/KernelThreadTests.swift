import CKernels
import Testing

/// Results have the same bits whatever the number of threads.
@Suite(.serialized) struct KernelThreadTests {
  @Test func pooling() {
    var values = KernelValues(seed: 20)
    let given = PoolCase(Extent(2, 40, 40, 70), kernel: (3, 3), stride: (2, 2), pad: (1, 1))
    let x = values.floats(given.x.count), dy = values.floats(given.y.count)
    var geometry = given.geometry
    var index = [Int32](repeating: 0, count: dy.count)
    expectSameBits("max") {
      var y = dy
      mm_max_pool2d_forward(&geometry, x, &y, &index)
      return y + index.map(Float.init)
    }
    expectSameBits("max, gradient") {
      var dx = x
      mm_max_pool2d_backward(&geometry, dy, index, &dx)
      return dx
    }
    expectSameBits("average") {
      var y = dy, dx = x
      mm_avg_pool2d_forward(&geometry, 0, 0, x, &y)
      mm_avg_pool2d_backward(&geometry, 0, 0, dy, &dx)
      return y + dx
    }
    expectSameBits("adaptive") {
      var y = [Float](repeating: 0, count: 2 * 6 * 6 * 70), dx = x
      mm_adaptive_avg_pool2d_forward(2, 40, 40, 70, 6, 6, x, &y)
      mm_adaptive_avg_pool2d_backward(2, 40, 40, 70, 6, 6, y, &dx)
      return y + dx
    }
  }

  @Test func indexing() {
    var values = KernelValues(seed: 21)
    let (n, inner, m) = (50, 300, 700)
    let x = values.floats(n * inner), dy = values.floats(m * inner)
    let index = values.indices(m, below: n), each = values.indices(m * inner, below: n)
    expectSameBits("rows") {
      var y = dy, sums = x
      #expect(mm_index_select(1, n, inner, m, x, index, &y) == 0)
      #expect(mm_index_add(1, n, inner, m, dy, index, &sums) == 0)
      return y + sums
    }
    expectSameBits("elements") {
      var y = dy, sums = x
      #expect(mm_gather(1, n, inner, m, x, each, &y) == 0)
      #expect(mm_scatter_add(1, n, inner, m, dy, each, &sums) == 0)
      return y + sums
    }
    expectSameBits("sort") {
      var y = dy
      mm_sort(m, inner, 1, dy, &y, nil)
      return y
    }
  }

  @Test func optimizers() {
    var values = KernelValues(seed: 22)
    let n = 150_001
    let start = values.floats(n), gradient = values.floats(n)
    expectSameBits("steps") {
      var p = start, a = [Float](repeating: 0, count: n), b = a
      var sgd = mm_sgd(lr: 0.1, momentum: 0.9, dampening: 0, weight_decay: 0.1, nesterov: 0, first: 1)
      mm_sgd_step(&sgd, n, gradient, &a, &p)
      var adam = mm_adam(
        lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.1, step: 3, decoupled: 1)
      mm_adam_step(&adam, n, gradient, &a, &b, nil, &p)
      mm_ema_update(n, 0.9, p, &a)
      return p + a + b
    }
    expectSameBits("norms") {
      let sums = [mm_sum_of_squares(n, gradient), mm_sum_of_abs(n, gradient)]
      return sums.flatMap { [Float($0), Float($0 - Double(Float($0)))] } + [mm_max_abs(n, gradient)]
    }
  }

  @Test(arguments: [0, 2, 3]) func resizing(mode: Int) {
    var values = KernelValues(seed: 23)
    let given = ResizeCase(x: Extent(2, 20, 21, 70), oh: 33, ow: 41, mode: ResizeKernelTests.modes[mode])
    let x = values.floats(given.x.count), dy = values.floats(given.y.count)
    var parameters = given.parameters
    expectSameBits("mode \(mode)") {
      var y = dy, dx = x
      mm_resize_forward(&parameters, x, &y)
      mm_resize_backward(&parameters, dy, &dx)
      return y + dx
    }
  }

  @Test(arguments: 0..<3) func sampling(mode: Int) {
    var values = KernelValues(seed: 24)
    let given = SampleCase(x: Extent(2, 20, 20, 70), oh: 30, ow: 30, mode: mode, padding: mode)
    let x = values.floats(given.x.count), dy = values.floats(given.y.count)
    let grid = values.floats(2 * 30 * 30 * 2, scale: 1.5)
    var parameters = given.parameters
    expectSameBits("mode \(mode)") {
      var y = dy, dx = x, dgrid = grid
      mm_grid_sample_forward(&parameters, x, grid, &y)
      mm_grid_sample_backward(&parameters, x, grid, dy, &dx, &dgrid)
      return y + dx + dgrid
    }
  }
}
