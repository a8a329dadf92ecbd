package dev.gatun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
  @Test
  void namesAreReadAsWritten() {
    assertEquals(Device.cpu(), Device.parse("cpu"));
    assertEquals(Device.cuda(0), Device.parse("cuda"));
    assertEquals(Device.cuda(0), Device.parse("cuda:0"));
    assertEquals(Device.cuda(12), Device.parse("cuda:12"));
    assertEquals(Device.best(), Device.parse("best"));
    for (Device device : new Device[] {Device.cpu(), Device.cuda(0), Device.cuda(3)}) {
      assertEquals(device, Device.parse(device.toString()));
    }
    assertEquals("cpu", Device.cpu().toString());
    assertEquals("cuda:1", Device.cuda(1).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "CPU",
        "gpu",
        "cpu:0",
        "cuda:",
        "cuda:-1",
        "cuda:x",
        "cuda:+1",
        "cuda: 1",
        "cuda0",
        "cuda:99999999999",
        "cuda:1 ",
        "best:0"
      })
  void otherNamesAreRefusedWithTheKnownOnes(String name) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Device.parse(name));

    assertEquals(
        "unknown device '" + name + "'; supported: cpu, cuda, cuda:N, best", e.getMessage());
  }

  @Test
  void indicesCountFromZeroAndThereIsOneCpu() {
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
    assertThrows(IllegalArgumentException.class, () -> new Device(Device.Kind.CPU, 1));
    assertThrows(NullPointerException.class, () -> new Device(null, 0));
  }
}
