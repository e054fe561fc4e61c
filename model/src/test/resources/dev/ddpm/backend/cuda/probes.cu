// What tests ask of parts of kernels.cu, which they could not ask by its kernels. Compiled after it.

// normals[i] = the normal number of the word first + i · step.
extern "C" __global__ void normalsOfWords(float* normals, int count, int first, int step) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    normals[i] = normal(static_cast<unsigned>(first) + static_cast<unsigned>(i) * step);
  }
}
