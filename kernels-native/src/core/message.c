#include "core/message.h"

#include <stdarg.h>
#include <stdio.h>

gt_status gt_fail(gt_status status, char *message, size_t message_size, const char *format, ...) {
  if (message != NULL && message_size > 0) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, message_size, format, arguments);
    va_end(arguments);
  }
  return status;
}
