// Kernels with the faults that the emulated card must not let pass. Compiled after kernels.cu.

// Half of the threads of a block end, the others wait for them.
extern "C" __global__ void endsBeforeBarrier(float* x) {
  if (threadIdx.x < 16) {
    return;
  }
  __syncthreads();
  x[threadIdx.x] = 1;
}

// Threads wait at two barriers.
extern "C" __global__ void waitsAtTwoBarriers(float* x) {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  x[threadIdx.x] = 1;
}

// A lane takes no part in a shuffle.
extern "C" __global__ void shufflesWithoutALane(float* x) {
  if (threadIdx.x != 3) {
    x[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
  }
}

// Reads what the neighbour has written without waiting for it.
extern "C" __global__ void lacksABarrier(float* x) {
  __shared__ float values[32];
  values[threadIdx.x] = threadIdx.x + x[0];
  x[threadIdx.x] = values[31 - threadIdx.x];
}

// Writes past the end.
extern "C" __global__ void writesAt(float* x, int index) {
  if (threadIdx.x == 0) {
    x[index] = 1;
  }
}

// Reads past the end.
extern "C" __global__ void readsAt(const float* x, int index, float* y) {
  if (threadIdx.x == 0) {
    y[0] = x[index];
  }
}

// Takes one argument of every type.
extern "C" __global__ void sumOfArguments(
    double* x, long long a, int b, float c, double d) {
  if (threadIdx.x == 0) {
    x[0] = static_cast<double>(a) + b + c + d;
  }
}
