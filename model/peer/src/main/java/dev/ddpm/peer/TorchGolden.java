package dev.ddpm.peer;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A process that computes what the network predicts and learns with given weights: {@code IN OUT}.
 * Both files have, for each tensor, its name, its number of dimensions, these, and its elements. IN
 * has the weights and {@code x_t}, {@code t} and {@code noise}; OUT {@code eps_theta}, {@code loss}
 * and {@code grad.NAME} of all weights, without dropout.
 */
public final class TorchGolden {
  private static final TorchUnet2d.Size HO_SMALL =
      new TorchUnet2d.Size(16, List.of(16, 32, 32), List.of(false, true, false), 8, 4);

  private TorchGolden() {}

  public static void main(String[] args) throws IOException {
    Map<String, Tensor> tensors = read(Path.of(args[0]));
    Tensor images = tensors.remove("x_t");
    Tensor timesteps = tensors.remove("t");
    Tensor noise = tensors.remove("noise");
    TorchUnet2d network = new TorchUnet2d(HO_SMALL, MemoryFormat.Contiguous);
    network.training(false);
    tensors.forEach(network::set);
    Tensor predicted = network.forward(images, timesteps);
    if (!network.names().equals(tensors.keySet())) {
      throw new IllegalStateException("The weights are of another network.");
    }
    Tensor loss = torch.mse_loss(predicted, noise);
    loss.backward();
    Map<String, Tensor> results = new TreeMap<>();
    results.put("eps_theta", predicted);
    results.put("loss", loss.reshape(1));
    tensors.forEach((name, tensor) -> results.put("grad." + name, tensor.grad()));
    write(Path.of(args[1]), results);
  }

  private static Map<String, Tensor> read(Path file) throws IOException {
    Map<String, Tensor> tensors = new TreeMap<>();
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        String name = in.readUTF();
        long[] shape = new long[in.readInt()];
        int length = 1;
        for (int d = 0; d < shape.length; d++) {
          shape[d] = in.readInt();
          length *= (int) shape[d];
        }
        float[] values = new float[length];
        for (int e = 0; e < length; e++) {
          values[e] = in.readFloat();
        }
        tensors.put(
            name,
            torch
                .from_blob(new FloatPointer(values), shape, new TensorOptions(ScalarType.Float))
                .clone());
      }
    }
    return tensors;
  }

  private static void write(Path file, Map<String, Tensor> tensors) throws IOException {
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      out.writeInt(tensors.size());
      for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
        Tensor values = tensor.getValue().detach().contiguous();
        out.writeUTF(tensor.getKey());
        out.writeInt((int) values.dim());
        for (int d = 0; d < values.dim(); d++) {
          out.writeInt((int) values.size(d));
        }
        float[] elements = new float[(int) values.numel()];
        values.data_ptr_float().get(elements);
        for (float element : elements) {
          out.writeFloat(element);
        }
      }
    }
  }
}
